"""The built wheel alone: it runs the demo in an empty folder, and writes what SAM deploys."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forgeledger.local.template import load_template, package
from tests.support.deployed_template import ROOT, resources

pytestmark = pytest.mark.integration
TIMEOUT_SECONDS = 300
LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "template.yaml", "samconfig.toml")
BYTECODE = shutil.ignore_patterns("__pycache__", "*.egg-info")
DEPLOYMENT = "forgeledger/deployment/"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


def run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program as a user of a new machine would start it; it must succeed."""
    settings = ("AWS_", "FORGELEDGER_", "LOCALSTACK_", "PYTHON", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the project, in which more lies than belongs into a wheel."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copy(ROOT / name, copy)
    for folder in ("functions", "layers"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=BYTECODE)
    for stray in ("functions/api/.env", "functions/api/notes.py", "layers/shared/secret.pem"):
        (copy / stray).write_text("sekret")
    # As an earlier build has left it there.
    (copy / "build" / "lib" / "forgeledger").mkdir(parents=True)
    (copy / "build" / "lib" / "forgeledger" / "gone.py").touch()
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    built = tmp_path_factory.mktemp("built")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(*PIP, "wheel", *offline, "--wheel-dir", built, source, cwd=source)
    [file] = built.iterdir()
    return file


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory) -> Path:
    """A virtual environment in which `pip install 'forgeledger[all]'` found what it asks for.

    The packages are links to those of this environment, so that no network is needed.
    """
    environment = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    [site] = environment.glob("lib/python*/site-packages")
    for name in needed(wheel):
        link_distribution(name, site)
    python = environment / "bin" / "python"
    run(*PIP, "--python", python, "install", "--no-index", f"{wheel}[all]", cwd=environment)
    return environment


def needed(wheel: Path) -> set[str]:
    """Every distribution that `forgeledger[all]` needs, also indirectly."""
    names: set[str] = set()
    left = [Requirement("forgeledger[all]")]
    seen: set[tuple[str, str]] = set()
    while left:
        requirement = left.pop()
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) in seen:
                continue
            seen.add((requirement.name, extra))
            if requirement.name == "forgeledger":
                left += needs(metadata(wheel).get_all("Requires-Dist", []), {extra})
            else:
                names.add(requirement.name)
                left += needs(distribution(requirement.name).requires or (), {extra})
    return names


def needs(lines, extras: set[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return message_from_bytes(archive.read(name))


def link_distribution(name: str, site: Path) -> None:
    found = distribution(name)
    for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(found.locate_file(top))


def test_the_wheel_carries_what_is_deployed_and_nothing_that_lies_beside_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        carried = {
            name.removeprefix(DEPLOYMENT): archive.read(name).decode()
            for name in names
            if name.startswith(DEPLOYMENT)
        }

    folders = [function["CodeUri"] for function in resources("AWS::Serverless::Function").values()]
    functions = {
        str(file.relative_to(ROOT)) for folder in folders for file in (ROOT / folder).glob("*.py")
    }
    layer = {"layers/shared/Makefile", "layers/shared/requirements.txt"}
    assert set(carried) == {"template.yaml", "samconfig.toml", *functions, *layer}
    assert carried == {name: (ROOT / name).read_text() for name in carried}
    assert "forgeledger/gone.py" not in names


def test_all_needs_no_database_and_no_container_engine(wheel):
    unwanted = {"duckdb", "docker", "cryptography", "psycopg2-binary", "pymysql", "asyncssh"}

    assert needed(wheel) >= {"ministack", "aws-sam-translator", "typer", "aws-lambda-powertools"}
    assert not needed(wheel) & unwanted


def test_the_readme_of_the_wheel_has_no_link_that_a_package_index_cannot_follow(wheel):
    text = metadata(wheel).get_payload()

    assert "docs/costs.md" in text
    assert [link for link in LINK.findall(text) if not link.startswith("https://")] == []


def test_once_the_project_has_a_public_address_the_links_lead_there(source, tmp_path):
    copy = shutil.copytree(source, tmp_path / "copy")
    (copy / "meta").mkdir()
    settings = (copy / "pyproject.toml").read_text()
    table = '[project.urls]\nRepository = "https://example.com/forge"\n\n[project.scripts]'
    (copy / "pyproject.toml").write_text(settings.replace("[project.scripts]", table))

    build = "import setuptools.build_meta as b; b.prepare_metadata_for_build_wheel('meta')"
    run(sys.executable, "-c", build, cwd=copy)

    [file] = copy.glob("meta/*/METADATA")
    text = message_from_bytes(file.read_bytes()).get_payload()
    assert "(https://example.com/forge/blob/main/docs/http.md#lanes)" in text


def test_in_an_empty_folder_the_demo_keeps_all_promises(fresh, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ("demo", "--items", 60, "--workers", 2, "--down", "--json")

    done = run(fresh / "bin" / "forgeledger", *words, cwd=empty, XDG_STATE_HOME=str(tmp_path))

    assert json.loads(done.stdout)["allHeld"] is True
    assert list(empty.iterdir()) == []
    assert (tmp_path / "forgeledger" / "data").is_dir()


def test_init_writes_the_folder_that_sam_deploys(fresh, tmp_path):
    done = run(fresh / "bin" / "forgeledger", "init", "my-ledger", "--json", cwd=tmp_path)

    folder = tmp_path / "my-ledger"
    layer = folder / "layers" / "shared"
    assert json.loads(done.stdout)["folder"] == str(folder)
    assert load_template((folder / "template.yaml").read_text())
    assert set(package(folder / "template.yaml").sources) == set(
        resources("AWS::Serverless::Function")
    )
    assert not list(folder.rglob("deployment"))
    assert not list(folder.rglob("*.pyc"))
    artifacts = tmp_path / "artifacts"
    for name in ("python", ".other"):
        (artifacts / name).mkdir(parents=True)
    run("make", "build-SharedLayer", f"ARTIFACTS_DIR={artifacts}", "PYTHON=true", cwd=layer)
    built = artifacts / "python" / "forgeledger"
    assert (built / "jobs").is_dir()
    assert (built / "py.typed").is_file()
