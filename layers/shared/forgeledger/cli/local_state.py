"""The local cloud's state folder: where FORGELEDGER_STATE_DIR says, or the project's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forgeledger.local_description import STATE_DIR_VARIABLE

if TYPE_CHECKING:
    from forgeledger.local.state_dir import StateDir


def state_path(environ: Mapping[str, str]) -> Path:
    from forgeledger.local.state_dir import default_state_dir, find_project

    folder = environ.get(STATE_DIR_VARIABLE)
    return Path(folder).resolve() if folder else default_state_dir(find_project())


def local_state(environ: Mapping[str, str]) -> "StateDir":
    from forgeledger.local.state_dir import StateDir

    return StateDir(state_path(environ))
