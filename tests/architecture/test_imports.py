"""Imports point inward, files stay short, and names say what is inside."""

import ast
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
FUNCTIONS = ROOT / "functions"

# What each part may import of the others. Use cases know neither how things are stored nor how
# they are written; what speaks for the outside world may use the records of the use cases.
ALLOWED = {
    "errors": set(),
    "domain": {"domain"},
    # A store says in its answers which of the errors met it.
    "ports": {"domain", "errors"},
    "settings": {"errors"},
    "loopback": set(),
    "web_address": set(),
    "usecases": {"usecases", "domain", "ports", "errors"},
    "contracts": {"contracts", "usecases", "domain", "errors"},
    "adapters": {"adapters", "contracts", "usecases", "ports", "domain", "errors"},
    "api": {"api", "contracts", "usecases", "ports", "domain", "errors"},
    "bootstrap": {"bootstrap", "api", "adapters", "usecases", "ports", "settings", "errors"},
    "functions": {"bootstrap", "contracts", "usecases"},
    "sdk": {"sdk", "domain", "loopback", "web_address", "errors"},
    "local": {"local", "loopback", "errors"},
    "demo": {"demo", "sdk", "domain", "errors"},
    # It refuses in the contract's own words what the intake could only reject.
    "cli": {
        "cli",
        "demo",
        "local",
        "sdk",
        "contracts",
        "domain",
        "loopback",
        "web_address",
        "errors",
    },
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
    "loopback": {"boto3", "botocore"},
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
    "functools",
    "hashlib",
    "re",
    "typing",
    "zlib",
}
# Where use cases get time and chance from, and so where tests replace them.
SURROUNDINGS = PACKAGE / "usecases" / "surroundings.py"

SURROUNDING_MODULES = {"time", "datetime", "random", "secrets", "uuid", "os", "logging"}

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "types", "queue"}


def sources() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.py"), *FUNCTIONS.rglob("*.py")])


def part_of(path: Path) -> str:
    if path.is_relative_to(FUNCTIONS):
        return "functions"
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= _imported(path, node)
    return frozenset(names)


def _imported(path: Path, node: ast.ImportFrom) -> set[str]:
    """`from forgeledger import sdk` means the part as much as `import forgeledger.sdk`."""
    assert node.module is not None, f"{path} imports relatively"
    if node.module == "forgeledger":
        return {f"forgeledger.{alias.name}" for alias in node.names}
    return {node.module}


def offenders(paths: list[Path], wrong: Callable[[Path], object]) -> dict[str, object]:
    """What is wrong with which file; nothing where all is well."""
    found = {str(path.relative_to(ROOT)): wrong(path) for path in paths}
    return {name: problem for name, problem in found.items() if problem}


def test_every_part_of_the_package_has_its_place():
    assert {part_of(path) for path in sources()} - {"__init__"} == set(ALLOWED)


def test_a_file_imports_only_what_lies_further_in():
    def outer(path: Path) -> set[str]:
        parts = {name.split(".")[1] for name in imports_of(path) if name.startswith("forgeledger.")}
        return parts - {"__version__"} - ALLOWED.get(part_of(path), set())

    assert offenders(sources(), outer) == {}


def test_a_file_needs_only_the_packages_that_its_part_comes_with():
    def foreign(path: Path) -> set[str]:
        packages = {name.split(".")[0] for name in imports_of(path)} - {"forgeledger"}
        return packages - sys.stdlib_module_names - INSTALLED.get(part_of(path), set())

    assert offenders(sources(), foreign) == {}


def test_the_domain_knows_no_clock_no_chance_and_no_world():
    def worldly(path: Path) -> set[str]:
        return {name.split(".")[0] for name in imports_of(path)} - {"forgeledger"} - DOMAIN_STDLIB

    assert offenders(sorted((PACKAGE / "domain").glob("*.py")), worldly) == {}


def test_use_cases_are_given_time_and_chance():
    def taken(path: Path) -> set[str]:
        return {name.split(".")[0] for name in imports_of(path)} & SURROUNDING_MODULES

    use_cases = sorted(set((PACKAGE / "usecases").glob("*.py")) - {SURROUNDINGS})
    assert offenders(use_cases, taken) == {}


def test_a_file_can_be_read_at_one_sitting():
    def lines_too_many(path: Path) -> int:
        return max(0, len(path.read_text().splitlines()) - 300)

    assert offenders(sources(), lines_too_many) == {}


def test_a_name_says_what_is_inside():
    def vague(path: Path) -> set[str]:
        return VAGUE & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}

    assert offenders(sources(), vague) == {}


def test_importing_a_package_imports_next_to_nothing():
    """A cold start pays for each module. The SDK alone offers its names at the top."""
    packages = [path for path in sources() if path.name == "__init__.py"]
    packages.remove(PACKAGE / "sdk" / "__init__.py")

    assert offenders(packages, lambda path: list(imports_of(path))) == {}
