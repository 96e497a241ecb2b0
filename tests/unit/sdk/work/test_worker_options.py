"""An invalid setting of a worker is refused by its name when it is given."""

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
        ({"concurrency": 0}, "must be a whole number from 1 to 10,000, not 0"),
        ({"concurrency": "4"}, "must be a whole number from 1 to 10,000, not '4'"),
        ({"concurrency": 2.0}, "must be a whole number from 1 to 10,000, not 2.0"),
        ({"concurrency": True}, "must be a whole number from 1 to 10,000, not True"),
        ({"concurrency": 10_001}, "must be a whole number from 1 to 10,000, not 10001"),
        ({"wait_seconds": -1}, "must be a whole number from 0 to 20, not -1"),
        ({"wait_seconds": 21}, "must be a whole number from 0 to 20, not 21"),
        ({"visibility_seconds": -5}, "must be a whole number from 1 to 43,200, not -5"),
        ({"visibility_seconds": 0}, "must be a whole number from 1 to 43,200, not 0"),
        ({"visibility_seconds": 43_201}, "must be a whole number from 1 to 43,200, not 43201"),
        ({"visibility_seconds": None}, "must be a whole number from 1 to 43,200, not None"),
        ({"grace_seconds": -0.1}, "must be a number from 0 to 43,200, not -0.1"),
        ({"grace_seconds": math.inf}, "must be a number from 0 to 43,200, not inf"),
        ({"grace_seconds": math.nan}, "must be a number from 0 to 43,200, not nan"),
        ({"grace_seconds": "20"}, "must be a number from 0 to 43,200, not '20'"),
        ({"lease_seconds": 0}, "must be a whole number from 1 to 604,800, not 0"),
        ({"lease_seconds": 1.5}, "must be a whole number from 1 to 604,800, not 1.5"),
        ({"heartbeat_seconds": -1}, "must be a number from 0 to 604,800, not -1"),
        ({"heartbeat_seconds": "1"}, "must be a number from 0 to 604,800, not '1'"),
        ({"fenced": "no"}, "must be True or False, not 'no'"),
    ],
)
def test_a_wrong_option_is_reported_by_its_name_and_its_rule(setting, rule):
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
    ("changed", "message"),
    [
        ({"queue_url": None}, "queue_url: must be the URL of a queue, not None"),
        ({"queue_url": ""}, "queue_url: must be the URL of a queue, not ''"),
        ({"handlers": {}}, "handlers: is empty, so every item would fail"),
        ({"handlers": {"default": 5}}, "handlers['default']: must be a function, not 5"),
        ({"handlers": {5: print}}, "handlers: must have text for kinds, not 5"),
        (
            {"handlers": [1]},
            "handlers: must map kinds to functions, as in {'default': work}, not [1]",
        ),
        ({"options": 3}, "options: must be a WorkerOptions, not 3"),
    ],
)
def test_a_worker_is_not_made_of_what_it_could_not_work_with(changed, message):
    settings = {"queue_url": URL, "handlers": HANDLERS, "endpoints": ENDPOINTS, **changed}

    with pytest.raises(InvalidSettingError) as caught:
        Worker(**settings)

    assert str(caught.value) == message


def test_a_worker_takes_its_concurrency_from_its_options_alone():
    options = WorkerOptions(concurrency=5)

    assert Worker(URL, HANDLERS, endpoints=ENDPOINTS, options=options)._options.concurrency == 5
    with pytest.raises(TypeError, match="concurrency"):
        Worker(URL, HANDLERS, endpoints=ENDPOINTS, concurrency=2)
