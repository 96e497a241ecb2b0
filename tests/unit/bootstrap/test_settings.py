from threading import get_ident
from time import sleep

import pytest

from forgeledger.bootstrap.api import api_runtime
from forgeledger.bootstrap.relay import build_relay
from forgeledger.bootstrap.settings import ApiSettings, IntakeSettings, RelaySettings
from forgeledger.errors import SettingsError

IDLE_DAYS = "FORGELEDGER_MAXIMUM_IDLE_DAYS"

QUEUES = {"FORGELEDGER_WAKE_QUEUE_URL": "wakes", "FORGELEDGER_WORK_QUEUE_URL": "work"}


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        IntakeSettings.read({"FORGELEDGER_TABLE": ""})

    assert raised.value.missing == (
        "FORGELEDGER_TABLE",
        "FORGELEDGER_COMMAND_QUEUE_URL",
        "FORGELEDGER_REJECT_QUEUE_URL",
        "FORGELEDGER_EVENT_BUS",
    )
    assert "FORGELEDGER_REJECT_QUEUE_URL" in str(raised.value)


def test_each_function_reads_its_own() -> None:
    environment = {
        "FORGELEDGER_TABLE": "ledger",
        "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
        "FORGELEDGER_REJECT_QUEUE_URL": "queue",
        "FORGELEDGER_EVENT_BUS": "bus",
        "FORGELEDGER_IDEMPOTENCY_TABLE": "answers",
    }

    assert IntakeSettings.read(environment) == IntakeSettings(
        table="ledger",
        command_queue_url="commands",
        reject_queue_url="queue",
        event_bus="bus",
    )
    assert RelaySettings.read(environment) == RelaySettings(
        table="ledger", event_bus="bus", maximum_idle_days="0"
    )
    assert ApiSettings.read(environment) == ApiSettings(
        table="ledger", idempotency_table="answers", api_key_parameter=""
    )


def test_the_api_makes_as_many_requests_at_once_as_it_is_told() -> None:
    environment = {"FORGELEDGER_TABLE": "ledger", "FORGELEDGER_IDEMPOTENCY_TABLE": "answers"}

    def threads(**more: str) -> int:
        runtime = api_runtime(ApiSettings.read({**environment, **more}))
        used = set(runtime.parallel(lambda _: sleep(0.02) or get_ident(), range(20)))
        return len(used)

    assert threads() == 8
    assert threads(FORGELEDGER_THREADS="2") == 2


@pytest.mark.parametrize(
    ("given", "hours"),
    # A template's number may have a fraction.
    [({}, 0), *(({IDLE_DAYS: days}, hours) for days, hours in (("0", 0), ("3", 72), ("1.5", 36)))],
)
def test_the_relay_cancels_idle_jobs_after_the_days_that_it_is_given(
    given: dict[str, str], hours: int
) -> None:
    environment = {"FORGELEDGER_TABLE": "ledger", "FORGELEDGER_EVENT_BUS": "bus", **given}

    services = build_relay(environment, dynamodb=object(), eventbridge=object())

    assert services.relay.advancer.maximum_idle_ms == hours * 3_600_000


@pytest.mark.parametrize("settings", [ApiSettings, RelaySettings])
def test_with_execution_on_a_function_needs_its_queues(
    settings: type[ApiSettings | RelaySettings],
) -> None:
    environment = {
        "FORGELEDGER_TABLE": "ledger",
        "FORGELEDGER_EVENT_BUS": "bus",
        "FORGELEDGER_IDEMPOTENCY_TABLE": "answers",
        "FORGELEDGER_EXECUTION": "on",
    }

    with pytest.raises(SettingsError) as raised:
        settings.read(environment)
    on = settings.read({**environment, **QUEUES})
    off = settings.read({**environment, "FORGELEDGER_EXECUTION": "off"})

    assert raised.value.missing == ("FORGELEDGER_WAKE_QUEUE_URL", "FORGELEDGER_WORK_QUEUE_URL")
    assert (on.execution, on.wake_queue_url) == (True, "wakes")
    assert off.execution is False
    # The intake has no clock.
    assert "FORGELEDGER_WAKE_QUEUE_URL" not in IntakeSettings.missing(environment)


def test_the_relay_has_a_tick_and_plans_looks_only_with_execution_on() -> None:
    environment = {"FORGELEDGER_TABLE": "ledger", "FORGELEDGER_EVENT_BUS": "bus"}
    on = {"FORGELEDGER_EXECUTION": "on", **QUEUES}

    with_clock, without = (
        build_relay({**environment, **more}, dynamodb=object(), eventbridge=object())
        for more in (on, {})
    )

    assert with_clock.tick is not None
    assert with_clock.relay.advancer.looks is not None
    assert (without.tick, without.relay.advancer.looks) == (None, None)
