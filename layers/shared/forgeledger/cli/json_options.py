"""Values of options that hold JSON."""

import json
from typing import Any

from forgeledger.cli.error_messages import WrongValue


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


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
