"""Single cases of reading the API keys; tests/property/test_api_keys.py has whole histories."""

import json

import pytest
from botocore.exceptions import ClientError

from forgeledger.bootstrap.api import build_api
from forgeledger.errors import ApiKeysBusy
from forgeledger.web.api_keys import ASK_AGAIN_MS, FRESH_MS, KNOWN_MS, ApiKeys
from tests.support.time_left import always, looks


class Parameter:
    """Its value, or the error that reading it raises; counts the reads."""

    def __init__(self, clock):
        self.value = "first"
        self.seconds = 0
        self.reads = self.stale = 0
        self.clock = clock

    def fetch(self):
        self.reads += 1
        self.clock.pass_seconds(self.seconds)
        if self.value is None:
            raise ApiKeysBusy("/p", "ThrottlingException")
        return self.value

    def on_stale(self, error):
        self.stale += 1


@pytest.fixture
def parameter(clock):
    return Parameter(clock)


@pytest.fixture
def keys(parameter, world):
    return ApiKeys(parameter.fetch, world.runtime, parameter.on_stale)


def test_a_clock_that_is_set_back_makes_no_key_younger(keys, parameter, clock):
    keys.read(always)
    clock.now -= 10 * KNOWN_MS
    parameter.value = "second"

    assert keys.read(always) == "second"


def test_a_key_is_as_old_as_the_request_for_it(keys, parameter, clock):
    parameter.seconds = 5
    keys.read(always)
    clock.now += FRESH_MS - 5_000
    parameter.value = "second"

    assert keys.read(always) == "second"


def test_a_key_whose_hour_ends_during_the_try_is_not_served(keys, parameter, clock):
    keys.read(always)
    clock.now += KNOWN_MS - 1_000
    parameter.value, parameter.seconds = None, 5

    with pytest.raises(ApiKeysBusy):
        keys.read(always)


def test_while_reading_fails_one_request_in_ten_seconds_tries_once(keys, parameter, clock):
    keys.read(always)
    clock.now += FRESH_MS
    parameter.value = None

    answers = [keys.read(always) for _ in range(5)]
    clock.now += ASK_AGAIN_MS
    answers.append(keys.read(always))

    assert answers == ["first"] * 6
    assert (parameter.reads, parameter.stale) == (3, 2)


@pytest.mark.parametrize(("time_left", "reads"), [(looks(3), 4), (looks(0), 1), (always, 16)])
def test_without_a_known_key_reading_is_tried_while_there_is_time(
    keys, parameter, time_left, reads
):
    parameter.value = None

    with pytest.raises(ApiKeysBusy):
        keys.read(time_left)

    assert (parameter.reads, parameter.stale) == (reads, 0)


def test_stale_keys_are_a_metric_and_a_warning(world, clock, capsys, caplog, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ForgeLedger")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api")
    environment = {
        "FORGELEDGER_TABLE": "t",
        "FORGELEDGER_IDEMPOTENCY_TABLE": "i",
        "FORGELEDGER_API_KEY_PARAMETER": "/p",
    }

    class Ssm:
        error = None

        def get_parameter(self, **request):
            assert request == {"Name": "/p", "WithDecryption": True}
            if self.error:
                raise self.error
            return {"Parameter": {"Value": "key"}}

    ssm = Ssm()
    api = build_api(environment, dynamodb=object(), ssm=ssm, runtime=world.runtime)
    api.guard.read_keys(always)
    ssm.error = ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter")
    clock.now += FRESH_MS

    assert api.guard.read_keys(always) == "key"

    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    [declared] = metric["_aws"]["CloudWatchMetrics"]
    assert (metric["ApiKeysStale"], metric["service"]) == ([1.0], "api")
    assert (declared["Namespace"], declared["Dimensions"]) == ("ForgeLedger", [["service"]])
    assert "API keys not read" in caplog.messages
