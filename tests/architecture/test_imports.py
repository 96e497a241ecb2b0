"""Which module may import which. Everything that is not allowed here is refused.

Capabilities come first; the hexagon is inside each. Within a capability imports point toward its
model, between folders along FOLDERS, and the files at the package's root import only each other.
"""

import ast
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
FUNCTIONS = ROOT / "functions"

CAPABILITIES = {"journal", "jobs"}

# Inside a capability: what each part may import beside itself. Of another capability, which FOLDERS
# has to allow, a part may import the same: its like, and what points toward the model.
PARTS = {
    "model": set(),
    "ports": {"model"},
    "usecases": {"model", "ports"},
    "storage": {"model", "ports"},
    "messages": {"model", "ports"},
    "services": {"usecases", "ports"},
    "http": {"model", "ports", "usecases", "messages", "services"},
}
# Between folders, beside the files at the root: a folder, a part of a capability, or one module.
FOLDERS = {
    "aws": set(),
    "web": set(),
    "journal": {"aws"},
    "jobs": {"journal", "aws", "web"},
    "bootstrap": {"journal", "jobs", "aws", "web"},
    "functions": {"bootstrap", "jobs.messages"},
    "sdk": {
        "jobs.model.ids",
        "jobs.model.limits",
        "jobs.messages.command_fields",
        "aws.clients",
        "aws.errors",
        "web.address",
        "web.limits",
    },
    "demo": {"sdk", "jobs.model.ids"},
    "local": {"aws.clients", "aws.loopback"},
    "cli": {
        "sdk",
        "demo",
        "local",
        "bootstrap",
        "jobs.model",
        "jobs.messages",
        "aws",
        "web.address",
    },
}
# The package itself, as `module_name` calls it: it offers names of the SDK, loaded on first use.
FACE = ""
# Of a capability's parts, those that talk to AWS and those that answer over HTTP.
ONLY_FROM = {"aws": {"storage", "messages"}, "web": {"http"}}

_STORAGE = {"boto3", "botocore", "mypy_boto3_dynamodb"}
_FUNCTIONS = {"aws_lambda_powertools", "pydantic", "pydantic_core"}
# Installed packages that each folder or part may need; all others only what comes with Python.
INSTALLED = {
    "aws": _STORAGE,
    "web": _FUNCTIONS,
    "jobs.storage": _STORAGE,
    "journal.storage": _STORAGE,
    "jobs.messages": _STORAGE | {"pydantic_core"},
    "jobs.http": _FUNCTIONS,
    "bootstrap": _STORAGE | _FUNCTIONS,
    "functions": {"aws_lambda_powertools"},
    "sdk": {"boto3", "botocore", "urllib3"},
    "local": {"boto3", "botocore", "yaml", "ministack"},
    "cli": {"boto3", "botocore", "typer", "rich"},
}

# No clock, no randomness, no ids, no log, no file: a model is given what it needs of those.
MODEL_STDLIB = {
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
# What use cases get from `runtime`, so that tests can replace it.
RUNTIME_MODULES = {"time", "datetime", "random", "secrets", "uuid", "os", "logging"}

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "types", "queue"}


def sources() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.py"), *FUNCTIONS.rglob("*.py")])


def module_name(path: Path) -> str:
    """As the rules name it: `jobs.model.ids`, `functions.intake.app`, `errors`."""
    base = FUNCTIONS.parent if path.is_relative_to(FUNCTIONS) else PACKAGE
    names = path.relative_to(base).with_suffix("").parts
    return ".".join(name for name in names if name != "__init__")


@cache
def modules() -> frozenset[str]:
    return frozenset(map(module_name, sources()))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path} imports relatively"
            names |= {_module_of(node.module, alias.name) for alias in node.names}
    return frozenset(names)


def _module_of(package: str, name: str) -> str:
    """`from forgeledger import sdk` means the module as much as `import forgeledger.sdk`."""
    full = f"{package}.{name}"
    return full if full.removeprefix("forgeledger.") in modules() else package


def own_imports(path: Path) -> set[str]:
    names = {name for name in imports_of(path) if name.startswith("forgeledger.")}
    return {name.removeprefix("forgeledger.") for name in names}


def is_at_root(module: str) -> bool:
    return "." not in module and not (PACKAGE / module).is_dir()


def folder_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def may_import(importer: str, imported: str) -> bool:
    if is_at_root(imported):
        return True
    if importer == FACE:
        return imported == "sdk"
    if is_at_root(importer):
        return False
    folder, target = folder_of(importer), folder_of(imported)
    if folder == target:
        return folder not in CAPABILITIES or _may_import_inside(importer, imported)
    if folder in CAPABILITIES and part_of(importer) not in ONLY_FROM.get(target, set(PARTS)):
        return False
    if {folder, target} <= CAPABILITIES and not _may_import_inside(importer, imported):
        return False
    return any(f"{imported}.".startswith(f"{allowed}.") for allowed in FOLDERS[folder])


def _may_import_inside(importer: str, imported: str) -> bool:
    part, target = part_of(importer), part_of(imported)
    return part == target or target in PARTS[part]


def offenders(paths: list[Path], wrong: Callable[[Path], object]) -> dict[str, object]:
    """What is wrong with which file; nothing where all is well."""
    found = {str(path.relative_to(ROOT)): wrong(path) for path in paths}
    return {name: problem for name, problem in found.items() if problem}


def test_every_folder_has_its_rule():
    folders = {folder_of(module) for module in modules() if not is_at_root(module)}

    assert folders - {""} == set(FOLDERS)


def test_every_part_of_a_capability_has_its_rule():
    inside = {module for module in modules() if folder_of(module) in CAPABILITIES}

    assert {part_of(module) for module in inside} - {""} <= set(PARTS)


def test_a_module_imports_only_what_its_rule_allows():
    def refused(path: Path) -> list[str]:
        importer = module_name(path)
        return sorted(name for name in own_imports(path) if not may_import(importer, name))

    assert offenders(sources(), refused) == {}


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("jobs.model.lanes", "jobs.ports"),
        ("jobs.model.lanes", "jobs.usecases.apply_commands"),
        ("jobs.model.lanes", "aws.loopback"),
        ("jobs.ports", "jobs.storage.store"),
        ("jobs.usecases.apply_commands", "jobs.storage.store"),
        ("jobs.usecases.apply_commands", "jobs.messages.event_bus"),
        ("jobs.usecases.apply_commands", "aws.dynamodb.table"),
        ("jobs.storage.store", "jobs.usecases.apply_commands"),
        ("jobs.storage.store", "jobs.messages.event_bus"),
        ("jobs.messages.event_bus", "jobs.usecases.publish_facts"),
        ("jobs.messages.event_bus", "web.problems"),
        ("jobs.services", "jobs.http.job_routes"),
        ("jobs.model.lanes", "journal.storage.keys"),
        ("jobs.usecases.read_journal", "journal.storage.log_reader"),
        ("journal.model.merge", "journal.storage.keys"),
        ("journal.model.merge", "aws.dynamodb.table"),
        ("journal.storage.log_reader", "jobs.storage.store"),
        ("journal.storage.log_reader", "jobs.model.limits"),
        ("aws.dynamodb.table", "journal.storage.keys"),
        ("jobs.http.job_routes", "jobs.storage.store"),
        ("jobs.http.job_routes", "aws.dynamodb.table"),
        ("aws.dynamodb.table", "jobs.storage.keys"),
        ("web.resolver", "jobs.http.job_routes"),
        ("web.resolver", "aws.clients"),
        ("runtime", "jobs.ports"),
        ("", "jobs.ports"),
        ("errors", "web.problems"),
        ("bootstrap.api", "sdk.records"),
        ("functions.intake.app", "jobs.usecases.consume_messages"),
        ("sdk.records", "jobs.model.items"),
        ("sdk.records", "bootstrap.storage"),
        ("demo.scenario", "cli.output"),
        ("local.engine", "sdk.endpoints"),
        ("cli.output", "jobs.usecases.explain_job"),
        ("cli.output", "web.problems"),
    ],
)
def test_an_import_outward_is_refused(importer, imported):
    assert {importer, imported} <= modules()
    assert not may_import(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("jobs.model.lanes", "errors"),
        ("jobs.usecases.apply_commands", "jobs.ports"),
        ("jobs.storage.store", "aws.dynamodb.table"),
        ("jobs.storage.store", "journal.storage.log_reader"),
        ("jobs.usecases.read_journal", "journal.model.merge"),
        ("journal.storage.log_reader", "aws.dynamodb.table"),
        ("jobs.http.job_routes", "web.problems"),
        ("bootstrap.api", "jobs.http.job_routes"),
        ("functions.relay.app", "jobs.messages.stream_records"),
        ("sdk.records", "jobs.model.ids"),
        ("", "sdk"),
        ("demo.scenario", "sdk.records"),
    ],
)
def test_an_import_inward_is_allowed(importer, imported):
    assert {importer, imported} <= modules()
    assert may_import(importer, imported)


def test_a_file_needs_only_the_packages_that_its_folder_comes_with():
    def foreign(path: Path) -> set[str]:
        packages = {name.split(".")[0] for name in imports_of(path)} - {"forgeledger"}
        folder, *rest = module_name(path).split(".")
        part = f"{folder}.{rest[0]}" if rest and folder in CAPABILITIES else folder
        return packages - sys.stdlib_module_names - INSTALLED.get(part, set())

    assert offenders(sources(), foreign) == {}


def test_a_model_knows_no_clock_no_randomness_and_no_world():
    def worldly(path: Path) -> set[str]:
        return {name.split(".")[0] for name in imports_of(path)} - {"forgeledger"} - MODEL_STDLIB

    assert offenders(sorted(PACKAGE.glob("*/model/*.py")), worldly) == {}


def test_use_cases_are_given_time_and_randomness():
    def taken(path: Path) -> set[str]:
        return {name.split(".")[0] for name in imports_of(path)} & RUNTIME_MODULES

    assert offenders(sorted(PACKAGE.glob("*/usecases/*.py")), taken) == {}


def test_the_journal_has_no_word_of_what_is_written_into_it():
    def words(path: Path) -> list[str]:
        return re.findall(r"(?i)\b(?:jobs?|items?|lanes?|commands?)\b", path.read_text())

    assert offenders(sorted((PACKAGE / "journal").rglob("*.py")), words) == {}


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
    packages.remove(PACKAGE / "__init__.py")

    assert offenders(packages, lambda path: list(imports_of(path))) == {}


def test_the_package_itself_imports_only_for_type_checkers_and_on_first_use():
    """Nothing runs but assignments and `if TYPE_CHECKING: ... else: ...` with functions."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (branch,) = (node for node in tree.body if isinstance(node, ast.If))
    others = [node for node in tree.body if node is not branch]

    assert {type(node) for node in others} == {ast.Expr, ast.Assign}
    assert ast.unparse(branch.test) == "TYPE_CHECKING"
    assert {type(node) for node in branch.body} == {ast.ImportFrom}
    assert {type(node) for node in branch.orelse} == {ast.FunctionDef}
