"""A setting that no worker can work with is refused when it is given, by its name."""

import math

import pytest

from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_options import WorkerOptions

URL = "https://sqs.eu-west-1.amazonaws.com/1/work"
HANDLERS = {"default": print}
ENDPOINTS = Endpoints(command_queue_url="https://queue.example/commands.fifo")


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"concurrency": 0}, "is a whole number from 1 to 10,000, not 0"),
        ({"concurrency": "4"}, "is a whole number from 1 to 10,000, not '4'"),
        ({"concurrency": 2.0}, "is a whole number from 1 to 10,000, not 2.0"),
        ({"concurrency": True}, "is a whole number from 1 to 10,000, not True"),
        ({"concurrency": 10_001}, "is a whole number from 1 to 10,000, not 10001"),
        ({"wait_seconds": -1}, "is a whole number from 0 to 20, not -1"),
        ({"wait_seconds": 21}, "is a whole number from 0 to 20, not 21"),
        ({"visibility_seconds": -5}, "is a whole number from 1 to 43,200, not -5"),
        ({"visibility_seconds": 0}, "is a whole number from 1 to 43,200, not 0"),
        ({"visibility_seconds": 43_201}, "is a whole number from 1 to 43,200, not 43201"),
        ({"visibility_seconds": None}, "is a whole number from 1 to 43,200, not None"),
        ({"grace_seconds": -0.1}, "is a number from 0 to 43,200, not -0.1"),
        ({"grace_seconds": math.inf}, "is a number from 0 to 43,200, not inf"),
        ({"grace_seconds": math.nan}, "is a number from 0 to 43,200, not nan"),
        ({"grace_seconds": "20"}, "is a number from 0 to 43,200, not '20'"),
        ({"lease_seconds": 0}, "is a whole number from 1 to 604,800, not 0"),
        ({"lease_seconds": 1.5}, "is a whole number from 1 to 604,800, not 1.5"),
        ({"heartbeat_seconds": -1}, "is a number from 0 to 604,800, not -1"),
        ({"heartbeat_seconds": "1"}, "is a number from 0 to 604,800, not '1'"),
        ({"fenced": "no"}, "is True or False, not 'no'"),
    ],
)
def test_a_wrong_option_is_told_by_its_name_and_its_rule(setting, rule):
    with pytest.raises(InvalidSettingError) as caught:
        WorkerOptions(**setting)

    (field,) = setting
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert str(caught.value) == f"{field}: {rule}"
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "setting",
    [
        {"concurrency": 1, "wait_seconds": 0, "visibility_seconds": 1, "grace_seconds": 0},
        {"concurrency": 10_000, "wait_seconds": 20, "visibility_seconds": 43_200},
        {"grace_seconds": 43_200.0, "lease_seconds": 1, "heartbeat_seconds": 0.5, "fenced": True},
        {"lease_seconds": 604_800, "heartbeat_seconds": 0},
    ],
)
def test_the_ends_of_each_range_belong_to_it(setting):
    assert WorkerOptions(**setting)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"queue_url": None}, "queue_url: is the address of a queue, not None"),
        ({"queue_url": ""}, "queue_url: is the address of a queue, not ''"),
        ({"handlers": {}}, "handlers: has no kind, so that every item would fail"),
        ({"handlers": {"default": 5}}, "handlers['default']: is a function, not 5"),
        ({"handlers": {5: print}}, "handlers: has texts for kinds, not 5"),
        (
            {"handlers": [1]},
            "handlers: has a function for each kind, as in {'default': work}; it is [1]",
        ),
        ({"concurrency": 0}, "concurrency: is a whole number from 1 to 10,000, not 0"),
        ({"options": 3}, "options: is a WorkerOptions, not 3"),
    ],
)
def test_a_worker_is_not_made_of_what_it_could_not_work_with(changed, told):
    settings = {"queue_url": URL, "handlers": HANDLERS, "endpoints": ENDPOINTS, **changed}

    with pytest.raises(InvalidSettingError) as caught:
        Worker(**settings)

    assert str(caught.value) == told


def test_a_worker_s_own_concurrency_goes_before_that_of_its_options():
    options = WorkerOptions(concurrency=5)

    assert Worker(URL, HANDLERS, endpoints=ENDPOINTS, options=options)._concurrency == 5
    own = Worker(URL, HANDLERS, endpoints=ENDPOINTS, options=options, concurrency=2)
    assert own._concurrency == 2
