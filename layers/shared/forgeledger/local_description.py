"""`local.json`: where each part of the local cloud answers, for the SDK and the command line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

STATE_DIR_VARIABLE: Final = "FORGELEDGER_STATE_DIR"
# The folder in which the local cloud holds its state unless the variable names another.
STATE_DIR_NAME: Final = ".forgeledger"
FILE_NAME: Final = "local.json"
# What a wheel brings to be deployed; an editable install has its project instead.
DEPLOYMENT: Final = Path(__file__).resolve().parent / "deployment"
PACKAGE_PROJECT: Final = (
    DEPLOYMENT if DEPLOYMENT.is_dir() else (DEPLOYMENT.parent / "../../..").resolve()
)


def user_state_dir(environ: Mapping[str, str]) -> Path:
    """The state of a local cloud that belongs to no project."""
    folder = Path(environ.get("XDG_STATE_HOME", ""))
    home = folder if folder.is_absolute() else Path.home() / ".local" / "state"
    return home / "forgeledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Addresses and names of a local cloud that is up."""

    endpoint_url: str
    region: str
    api_url: str
    command_queue_url: str
    reject_queue_url: str
    work_queue_url: str
    table_name: str
    event_bus_name: str
    stream_arn: str

    def as_json(self) -> dict[str, str]:
        return {_camel(name): value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, str]) -> Self:
        return cls(**{name: content[_camel(name)] for name in cls.__dataclass_fields__})

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises ValueError or KeyError for a file that is not complete."""
        return cls.from_json(json.loads(file.read_text(encoding="utf-8")))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
