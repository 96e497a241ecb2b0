"""The settings of each function, from its environment variables."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final, Self

from forgeledger.errors import SettingsError
from forgeledger.fast_dataclass import fast_frozen

# The field that says whether a function has a clock, and what it needs then.
_SWITCH: Final = "execution"
_NEEDED_WHEN_ON: Final = ("wake_queue_url", "work_queue_url")


@fast_frozen
class Settings:
    """Each field is read from FORGELEDGER_ and its name, as in FORGELEDGER_TABLE."""

    table: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raise SettingsError with all missing variables; an empty one counts as missing."""
        if missing := cls.missing(environment):
            raise SettingsError(missing)
        values = {field.name: environment.get(_variable(field.name)) for field in fields(cls)}
        given: dict[str, Any] = {name: value for name, value in values.items() if value}
        if _SWITCH in given:
            given[_SWITCH] = _is_on(environment)
        return cls(**given)

    @classmethod
    def missing(cls, environment: Mapping[str, str]) -> tuple[str, ...]:
        """The needed variables that are not set."""
        known = fields(cls)
        needed = [_variable(field.name) for field in known if field.default is MISSING]
        if any(field.name == _SWITCH for field in known) and _is_on(environment):
            needed += [_variable(name) for name in _NEEDED_WHEN_ON]
        return tuple(variable for variable in needed if not environment.get(variable))


def _variable(field: str) -> str:
    return f"FORGELEDGER_{field.upper()}"


def _is_on(environment: Mapping[str, str]) -> bool:
    return environment.get(_variable(_SWITCH)) == "on"


@fast_frozen
class IntakeSettings(Settings):
    command_queue_url: str
    reject_queue_url: str
    event_bus: str


@fast_frozen
class ApiSettings(Settings):
    idempotency_table: str
    # Empty: no API key is required, as in local use.
    api_key_parameter: str = ""
    # "key": the API's description needs the key, too.
    api_docs: str = "throttled"
    # How many requests to the table are made at once: fewer in the local cloud, whose engine
    # answers one after the other, so that the last would wait longer than a client does.
    threads: str = "8"
    # Whether jobs are looked at when their time comes; otherwise only rounds notice it.
    execution: bool = False
    wake_queue_url: str = ""
    work_queue_url: str = ""
    # The largest message that the queues take.
    message_bytes: str = "1048576"
    # Users' own work queues, separated by commas.
    work_queue_arns: str = ""


@fast_frozen
class RelaySettings(Settings):
    event_bus: str
    # 0: an idle job is never canceled.
    maximum_idle_days: str = "0"
    # As the API's.
    execution: bool = False
    wake_queue_url: str = ""
    work_queue_url: str = ""
    # The largest message that the queues take.
    message_bytes: str = "1048576"
