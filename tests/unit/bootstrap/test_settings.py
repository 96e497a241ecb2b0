import pytest

from forgeledger.bootstrap.relay import build_relay
from forgeledger.bootstrap.settings import ApiSettings, IntakeSettings, RelaySettings
from forgeledger.errors import SettingsError


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


def test_the_relay_cancels_idle_jobs_after_the_days_that_it_is_given() -> None:
    environment = {"FORGELEDGER_TABLE": "ledger", "FORGELEDGER_EVENT_BUS": "bus"}

    without = build_relay(environment, dynamodb=object(), eventbridge=object())
    environment["FORGELEDGER_MAXIMUM_IDLE_DAYS"] = "3"
    given = build_relay(environment, dynamodb=object(), eventbridge=object())

    assert without.relay.advancer.maximum_idle_ms == 0
    assert given.relay.advancer.maximum_idle_ms == 3 * 24 * 3_600_000
