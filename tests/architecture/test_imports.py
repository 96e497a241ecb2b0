"""Imports point inward, files stay short, and names say what is inside."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
FUNCTIONS = ROOT / "functions"

# What each part may import of the others. Use cases know neither how things are stored nor how
# they are written; what speaks for the outside world may use the records of the use cases.
ALLOWED = {
    "errors": set(),
    "domain": {"domain"},
    "ports": {"domain"},
    "settings": {"errors"},
    "usecases": {"usecases", "domain", "ports", "errors"},
    "contracts": {"contracts", "usecases", "domain", "errors"},
    "adapters": {"adapters", "contracts", "usecases", "ports", "domain", "errors"},
    "api": {"api", "contracts", "usecases", "ports", "domain", "errors"},
    "bootstrap": {"bootstrap", "api", "adapters", "usecases", "ports", "settings"},
    "functions": {"bootstrap", "contracts", "usecases"},
    "sdk": {"sdk", "domain", "errors"},
    "local": {"local", "errors"},
    "demo": {"demo", "sdk", "domain", "errors"},
    "cli": {"cli", "demo", "local", "sdk", "domain", "errors"},
}

_STORAGE = {"boto3", "botocore", "mypy_boto3_dynamodb"}
_FUNCTIONS = {"aws_lambda_powertools", "pydantic", "pydantic_core"}
# Installed packages that each part may need; all others only what comes with Python.
INSTALLED = {
    "contracts": {"pydantic", "pydantic_core"},
    "adapters": _STORAGE,
    "api": _FUNCTIONS,
    "bootstrap": _STORAGE | _FUNCTIONS,
    "functions": {"aws_lambda_powertools"},
    "sdk": {"boto3", "botocore", "urllib3"},
    "local": {"boto3", "botocore", "yaml", "ministack"},
    "demo": set(),
    "cli": {"boto3", "botocore", "typer", "rich"},
}

# No clock, no chance, no ids, no log, no file: what the domain needs of those is passed in.
DOMAIN_STDLIB = {
    "base64",
    "collections",
    "dataclasses",
    "enum",
    "hashlib",
    "re",
    "typing",
    "zlib",
}
# Where use cases get time and chance from, and so where tests replace them.
SURROUNDINGS = PACKAGE / "usecases" / "surroundings.py"

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "types", "queue"}


def sources() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.py"), *FUNCTIONS.rglob("*.py")])


def part_of(path: Path) -> str:
    if path.is_relative_to(FUNCTIONS):
        return "functions"
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from _imported(node)


def _imported(node: ast.ImportFrom) -> Iterator[str]:
    """`from forgeledger import sdk` means the part as much as `import forgeledger.sdk`."""
    assert node.module is not None
    if node.module == "forgeledger":
        yield from (f"forgeledger.{alias.name}" for alias in node.names)
    else:
        yield node.module


def parametrized(paths: list[Path]) -> pytest.MarkDecorator:
    ids = [str(path.relative_to(ROOT)) for path in paths]
    return pytest.mark.parametrize("path", paths, ids=ids)


@parametrized([path for path in sources() if path.parent != PACKAGE or part_of(path) in ALLOWED])
def test_a_file_imports_only_what_lies_further_in(path):
    if path.name == "__init__.py" and path.parent == PACKAGE:
        return
    allowed = ALLOWED[part_of(path)]

    inner = {name.split(".")[1] for name in imports_of(path) if name.startswith("forgeledger.")}

    assert inner - {"__version__"} <= allowed


@parametrized([path for path in sources() if path.parent != PACKAGE or part_of(path) in ALLOWED])
def test_a_file_needs_only_the_packages_that_its_part_comes_with(path):
    allowed = INSTALLED.get(part_of(path), set()) | sys.stdlib_module_names | {"forgeledger"}

    assert {name.split(".")[0] for name in imports_of(path)} <= allowed


def test_every_part_of_the_package_has_its_place():
    parts = {part_of(path) for path in sources()}

    assert parts - {"__init__"} == set(ALLOWED)


@parametrized(sorted((PACKAGE / "domain").glob("*.py")))
def test_the_domain_knows_no_clock_no_chance_and_no_world(path):
    used = {name.split(".")[0] for name in imports_of(path)} - {"forgeledger"}

    assert used <= DOMAIN_STDLIB


@parametrized(sorted(set((PACKAGE / "usecases").glob("*.py")) - {SURROUNDINGS}))
def test_use_cases_are_given_time_and_chance(path):
    used = {name.split(".")[0] for name in imports_of(path)}

    assert not used & {"time", "datetime", "random", "secrets", "uuid", "os", "logging"}


@parametrized(sources())
def test_a_file_can_be_read_at_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 300


@parametrized(sources())
def test_a_name_says_what_is_inside(path):
    names = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}

    assert not names & VAGUE


@parametrized([path for path in sources() if path.name == "__init__.py"])
def test_importing_a_package_imports_next_to_nothing(path):
    """A cold start pays for each module; what a package offers is imported by name."""
    if path.parent.name == "sdk":
        pytest.skip("the SDK is what its users import")

    assert list(imports_of(path)) == []
