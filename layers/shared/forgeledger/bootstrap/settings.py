"""The settings of each function, from its environment variables."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Self

from forgeledger.errors import SettingsError
from forgeledger.fast_dataclass import fast_frozen


@fast_frozen
class _Settings:
    """Each field is read from FORGELEDGER_ and its name, as in FORGELEDGER_TABLE."""

    table: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raise SettingsError with all missing variables; an empty one counts as missing."""
        values: dict[str, str] = {}
        missing: list[str] = []
        for field in fields(cls):
            variable = f"FORGELEDGER_{field.name.upper()}"
            if value := environment.get(variable):
                values[field.name] = value
            elif field.default is MISSING:
                missing.append(variable)
        if missing:
            raise SettingsError(tuple(missing))
        return cls(**values)


@fast_frozen
class IntakeSettings(_Settings):
    command_queue_url: str
    reject_queue_url: str
    event_bus: str


@fast_frozen
class ApiSettings(_Settings):
    idempotency_table: str
    # Empty: no API key is required, as in local use.
    api_key_parameter: str = ""
    # "key": the API's description needs the key, too.
    api_docs: str = "throttled"


@fast_frozen
class RelaySettings(_Settings):
    event_bus: str
    # 0: an idle job is never canceled.
    maximum_idle_days: str = "0"
