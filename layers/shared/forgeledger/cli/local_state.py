"""The local cloud's state folder: next to the template, or where FORGELEDGER_STATE_DIR says."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forgeledger.local_description import STATE_DIR_NAME, STATE_DIR_VARIABLE

if TYPE_CHECKING:
    from forgeledger.local.state_dir import StateDir


def state_path(environ: Mapping[str, str]) -> Path:
    from forgeledger.local.state_dir import find_project

    folder = environ.get(STATE_DIR_VARIABLE)
    return Path(folder).resolve() if folder else find_project() / STATE_DIR_NAME


def local_state(environ: Mapping[str, str]) -> "StateDir":
    from forgeledger.local.state_dir import StateDir

    return StateDir(state_path(environ))
