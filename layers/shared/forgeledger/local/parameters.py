"""The template's parameters on one's own machine: those of samconfig.toml's `local` section."""

import tomllib
from pathlib import Path

SAM_CONFIG = "samconfig.toml"


def local_parameters(project_dir: Path) -> dict[str, str]:
    """What `sam deploy --config-env local` would give; none without the file or the section."""
    file = project_dir / SAM_CONFIG
    if not file.is_file():
        return {}
    deploy = tomllib.loads(file.read_text(encoding="utf-8")).get("local", {}).get("deploy", {})
    overrides: list[str] = deploy.get("parameters", {}).get("parameter_overrides", [])
    pairs = (override.partition("=") for override in overrides)
    return {name: value.strip("\"'") for name, _, value in pairs}
