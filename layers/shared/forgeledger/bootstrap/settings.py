"""What the functions read of their environment: once, all at once, into frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass

from forgeledger.errors import SettingsError

TABLE = "FORGELEDGER_TABLE"
REJECT_QUEUE_URL = "FORGELEDGER_REJECT_QUEUE_URL"
EVENT_BUS = "FORGELEDGER_EVENT_BUS"
IDEMPOTENCY_TABLE = "FORGELEDGER_IDEMPOTENCY_TABLE"
API_KEY_PARAMETER = "FORGELEDGER_API_KEY_PARAMETER"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    table: str
    reject_queue_url: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "IntakeSettings":
        table, reject_queue_url = _required(environment, TABLE, REJECT_QUEUE_URL)
        return cls(table=table, reject_queue_url=reject_queue_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    table: str
    idempotency_table: str
    # Empty: everybody may call, as on a laptop.
    api_key_parameter: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "ApiSettings":
        table, idempotency_table = _required(environment, TABLE, IDEMPOTENCY_TABLE)
        return cls(
            table=table,
            idempotency_table=idempotency_table,
            api_key_parameter=environment.get(API_KEY_PARAMETER, ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    table: str
    event_bus: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "RelaySettings":
        table, event_bus = _required(environment, TABLE, EVENT_BUS)
        return cls(table=table, event_bus=event_bus)


def _required(environment: Mapping[str, str], *names: str) -> tuple[str, ...]:
    missing = tuple(name for name in names if not environment.get(name))
    if missing:
        raise SettingsError(missing)
    return tuple(environment[name] for name in names)
