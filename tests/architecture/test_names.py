"""File names are nouns, files are short, and a class name stands for one class in its folder."""

import ast
import builtins
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from forgeledger import sdk

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"

# A file is called by what it contains: `order_checks.py`, not `checking.py` or `checked.py`.
# Words in -eed, such as seed and feed, are nouns.
PARTICIPLE = re.compile(r"(?:ing|[^e]ed)\.py$")
NOT_PARTICIPLES = {
    "batched.py": "named after the function that it provides to Python 3.11: `itertools.batched`",
    "stream_mapping.py": "a noun: AWS calls the resource an event source mapping",
}

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "types", "queue"}
MOST_LINES = 300

# Within each of these folders class names are unique, private ones included.
FOLDERS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
# Folders of the tests that use each other's classes: their names are unique among all four.
TEST_FOLDERS = ("simulation", "crashes", "property", "support")


def python_files() -> list[str]:
    listed = ("git", "ls-files", "*.py")
    command = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    return command.stdout.splitlines()


def participles(paths: Iterable[str]) -> list[str]:
    return [
        path for path in paths if PARTICIPLE.search(path) and Path(path).name not in NOT_PARTICIPLES
    ]


def shared_names(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Names of several classes, nested classes included, with the files that define them."""
    files: dict[str, list[str]] = {}
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                files.setdefault(node.name, []).append(path)
    return {name: paths for name, paths in files.items() if len(paths) > 1}


def sources_in(*folders: Path) -> dict[str, str]:
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def test_no_file_name_ends_in_a_participle():
    assert participles(python_files()) == []


def test_each_exception_is_the_name_of_a_file():
    names = {Path(path).name for path in python_files()}

    assert set(NOT_PARTICIPLES) <= names
    assert all(map(PARTICIPLE.search, NOT_PARTICIPLES))


@pytest.mark.parametrize("name", ["answered.py", "jobs/recounting.py", "rows_as_stored.py"])
def test_a_participle_is_found(name):
    assert participles(["jobs/ids.py", name]) == [name]


@pytest.mark.parametrize("name", ["seed.py", "failed_items.py", "ringer.py", "stream_mapping.py"])
def test_a_noun_is_no_participle(name):
    assert participles([name]) == []


def test_a_name_says_what_is_inside():
    def words(path: str) -> set[str]:
        return {part.removesuffix(".py").removeprefix("test_") for part in Path(path).parts}

    assert [path for path in python_files() if words(path) & VAGUE] == []


def test_a_file_can_be_read_at_one_sitting():
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in python_files()}

    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_class_name_stands_for_one_class_of_a_folder(folder):
    sources = sources_in(PACKAGE / folder)

    assert sources
    assert shared_names(sources) == {}


def test_a_class_name_stands_for_one_class_of_the_tests_machinery():
    assert shared_names(sources_in(*(ROOT / "tests" / folder for folder in TEST_FOLDERS))) == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("class Job: ...", "class Job: ..."),
        ("class _Step: ...", "class Other: ...\nclass _Step(Other): ..."),
        ("class Outer:\n    class Inner: ...", "class Inner: ..."),
        ("", "def made():\n    class Page: ...\nclass Page: ..."),
    ],
)
def test_a_name_of_two_classes_is_found(first, second):
    assert len(shared_names({"first.py": first, "second.py": second})) == 1


def test_what_users_import_has_one_name_each():
    exported = {name: getattr(sdk, name) for name in sdk.__all__}

    assert len(exported) == len(sdk.__all__)
    # No alias: errors and documentation show the name that users import.
    assert {name for name, value in exported.items() if value.__name__ != name} == set()
    assert len({id(value) for value in exported.values()}) == len(exported)
    assert not set(exported) & set(dir(builtins))
