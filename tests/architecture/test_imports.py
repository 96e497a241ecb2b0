"""Imports point inward, as `import_rules` says; and some modules import nothing at all."""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.import_rules import (
    CAPABILITIES,
    FACE,
    FOLDERS,
    INSTALLED,
    MODEL_STDLIB,
    PACKAGE,
    PARTS,
    ROOT,
    RUNTIME_MODULES,
    folder_of,
    imports_of,
    is_at_root,
    may_import,
    module_name,
    modules,
    own_imports,
    part_of,
    sources,
)


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
        ("jobs.model.lanes", "runtime"),
        ("journal.model.merge", "parallel"),
        ("jobs.model.lanes", FACE),
        ("sdk.report.reporter", FACE),
        ("aws.clients", FACE),
        ("errors", FACE),
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
        ("jobs.http.job_routes", "execution.services"),
        ("jobs.usecases.change_job", "execution.usecases.retry_job"),
        ("execution.usecases.read_report", "jobs.storage.store"),
        ("execution.usecases.read_report", "jobs.http.job_bodies"),
        ("execution.model.report", "jobs.ports"),
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
        ("execution.usecases.read_report", "jobs.usecases.read_items"),
        ("execution.http.report_routes", "jobs.http.job_bodies"),
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
    def words_in(text: str) -> list[str]:
        return re.findall(r"(?i)(?<![a-z])(?:jobs?|items?|lanes?|commands?)(?![a-z])", text)

    assert words_in("def job_pk(lane_number):  # an item's") == ["job", "lane", "item"]
    files = sorted((PACKAGE / "journal").rglob("*.py"))
    assert offenders(files, lambda path: words_in(path.read_text())) == {}


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


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("import forgeledger", FACE),
        ("from forgeledger import Ledger", FACE),
        ("from forgeledger import sdk", "sdk"),
        ("from forgeledger import __version__", "__version__"),
        ("import forgeledger.jobs.model.ids", "jobs.model.ids"),
        ("import forgeledgers", None),
    ],
)
def test_the_import_of_the_package_itself_differs_from_that_of_a_module(tmp_path, line, imported):
    file = tmp_path / "module.py"
    file.write_text(line)

    assert own_imports(file) == ({imported} if imported is not None else set())
