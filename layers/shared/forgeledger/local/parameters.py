"""The template's parameters in the local cloud, from samconfig.toml's section `local`."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SAM_CONFIG = "samconfig.toml"


def local_parameters(project_dir: Path) -> dict[str, str]:
    """The parameters of `sam deploy --config-env local`; none without file or section."""
    file = project_dir / SAM_CONFIG
    if not file.is_file():
        return {}
    deploy = tomllib.loads(file.read_text(encoding="utf-8")).get("local", {}).get("deploy", {})
    overrides: list[str] = deploy.get("parameters", {}).get("parameter_overrides", [])
    pairs = (override.partition("=") for override in overrides)
    return {name: value.strip("\"'") for name, _, value in pairs}


def broken_rule(declared: Mapping[str, Any], value: str) -> str | None:
    """The rule of a parameter's declaration that the value breaks, in words."""
    allowed = [str(allowed_value) for allowed_value in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"has to be one of {', '.join(allowed)}"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        return str(declared.get("ConstraintDescription", f"has to match {pattern}"))
    return _broken_range(declared, value) if declared.get("Type") == "Number" else None


def _broken_range(declared: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "has to be a number"
    if not declared.get("MinValue", number) <= number <= declared.get("MaxValue", number):
        bounds = [
            f"{word} {declared[key]}"
            for word, key in (("at least", "MinValue"), ("at most", "MaxValue"))
            if key in declared
        ]
        return f"has to be {' and '.join(bounds)}"
    return None
