"""Which module may import which. Everything that is not allowed here is refused.

Capabilities come first; the hexagon is inside each. Within a capability imports point toward its
model, between folders along FOLDERS, and the files at the package's root import only each other.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
FUNCTIONS = ROOT / "functions"

CAPABILITIES = {"journal", "clock", "jobs", "execution"}

# Inside a capability: what each part may import apart from itself. The same holds between two
# capabilities, if FOLDERS allows the import: `jobs.storage` may import `journal.storage`.
PARTS = {
    "model": set(),
    "ports": {"model"},
    "usecases": {"model", "ports"},
    "storage": {"model", "ports"},
    "messages": {"model", "ports"},
    "services": {"usecases", "ports"},
    "http": {"model", "ports", "usecases", "messages", "services"},
}
# Between folders, apart from the files at the root: a folder, a part of one, or a module.
FOLDERS = {
    "aws": set(),
    "web": set(),
    "journal": {"aws"},
    "clock": {"aws"},
    "jobs": {"journal", "clock", "aws", "web"},
    "execution": {"jobs", "journal", "clock", "aws", "web"},
    "bootstrap": {"journal", "clock", "jobs", "execution", "aws", "web"},
    "functions": {"bootstrap", "jobs.messages", "execution.messages"},
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
    "local": {"aws.clients", "aws.errors", "aws.loopback"},
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
# The reference worker knows of the ledger what any worker does.
WORKER_FUNCTION = {"sdk"}
# Files at the root that no model may import: clock, randomness, ids, threads.
IMPURE = {"runtime", "parallel"}
# The package itself, as `module_name` calls it: it offers names of the SDK, loaded on first use.
# It is for users: inside, importing it could load the SDK into a function, or go in a circle.
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
    "clock.storage": _STORAGE,
    "clock.messages": _STORAGE,
    "journal.storage": _STORAGE,
    "jobs.messages": _STORAGE | {"pydantic_core"},
    "jobs.http": _FUNCTIONS,
    "execution.http": _FUNCTIONS,
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
    is_module = full.removeprefix("forgeledger.") in modules()
    # The version stands in the package itself, whose other names are those of the SDK.
    return full if is_module or full == "forgeledger.__version__" else package


def own_imports(path: Path) -> set[str]:
    names = {name for name in imports_of(path) if f"{name}.".startswith("forgeledger.")}
    return {name.removeprefix("forgeledger").removeprefix(".") for name in names}


def is_at_root(module: str) -> bool:
    return "." not in module and not (PACKAGE / module).is_dir()


def folder_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def may_import(importer: str, imported: str) -> bool:
    if imported == FACE:
        return False
    if is_at_root(imported):
        return imported not in IMPURE or part_of(importer) != "model"
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
    rule = WORKER_FUNCTION if importer.startswith("functions.worker.") else FOLDERS[folder]
    return any(f"{imported}.".startswith(f"{allowed}.") for allowed in rule)


def _may_import_inside(importer: str, imported: str) -> bool:
    part, target = part_of(importer), part_of(imported)
    return part == target or target in PARTS[part]
