"""What the layer's Makefile copies, without the download of the dependencies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deployed_template import ROOT

LAYER = ROOT / "layers" / "shared"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built layer; `PYTHON=true` stands for the Python that would call pip."""
    artifacts = tmp_path_factory.mktemp("layer")
    for folder in ("python", ".other"):
        (artifacts / folder).mkdir()
    subprocess.run(
        ["make", "--silent", "build-SharedLayer", f"ARTIFACTS_DIR={artifacts}", "PYTHON=true"],
        cwd=LAYER,
        check=True,
        timeout=120,
    )
    return artifacts / "python"


def folders(package: Path) -> set[str]:
    return {path.name for path in package.iterdir() if path.is_dir()} - {"__pycache__"}


def test_the_layer_leaves_out_what_only_a_terminal_needs(site):
    left_out = folders(LAYER / "forgeledger") - folders(site / "forgeledger")

    assert left_out == {"cli", "demo", "local"}


def test_functions_and_workers_import_nothing_that_the_layer_leaves_out(site):
    program = (
        "import forgeledger.sdk\n"
        "from forgeledger.bootstrap import api, intake, relay\n"
        "print(forgeledger.sdk.__file__)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert ended.stdout.startswith(str(site))
