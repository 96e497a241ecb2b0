"""Values of options that hold JSON, and files with it."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from forgeledger.cli.error_messages import WrongValue

STDIN: Final = Path("-")


def json_value(field: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        # For a line of a file, `field` has the number of that line already.
        line = f"line {error.lineno} " if "\n" in text else ""
        raise WrongValue(field, f"is not JSON: {error.msg}: {line}column {error.colno}") from error
    except RecursionError as error:
        raise WrongValue(field, "is nested too deeply") from error
    except ValueError as error:
        raise WrongValue(field, f"is not JSON: {error}") from error


def json_object(field: str, text: str) -> dict[str, Any]:
    value = json_value(field, text)
    if not isinstance(value, dict):
        raise WrongValue(field, "is not a JSON object")
    return value


def read_text(field: str, source: Path) -> str:
    """The text of a file, or of the standard input for `-`, without a byte order mark."""
    content = sys.stdin.buffer.read() if source == STDIN else source.read_bytes()
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise WrongValue(field, "is not UTF-8") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
