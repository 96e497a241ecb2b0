"""Where the local cloud keeps its state: beside the template, or in FORGELEDGER_STATE_DIR."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from forgeledger.local.state_dir import StateDir

STATE_DIR: Final = "FORGELEDGER_STATE_DIR"


def state_path(environ: Mapping[str, str]) -> Path:
    from forgeledger.local.state_dir import DEFAULT_NAME, find_project

    said = environ.get(STATE_DIR)
    return Path(said).resolve() if said else find_project() / DEFAULT_NAME


def local_state(environ: Mapping[str, str]) -> "StateDir":
    from forgeledger.local.state_dir import StateDir

    return StateDir(state_path(environ))
