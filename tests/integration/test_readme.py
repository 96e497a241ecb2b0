"""README.md as a newcomer would follow it; what this cannot run is run by another check."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# Which check runs the commands that this file does not run itself.
RUN_BY = {
    "make demo": (".ci/run", "\nmake demo\n"),
    "sam build": ("tests/contract/test_sam.py", '"build"'),
    "sam deploy --config-env dev": ("tests/contract/test_sam.py", '"deploy"'),
}


def block_with(command: str) -> str:
    (block,) = [block for block in BLOCKS if command in block]
    return block


def run(script: str, state: Path) -> str:
    """All commands of a block, in a shell that stops at the first one that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=PROJECT,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FORGELEDGER_STATE_DIR": str(state),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_job_by_hand_goes_as_the_readme_says(tmp_path: Path) -> None:
    told = run(block_with("forgeledger local up"), tmp_path / "state")

    assert "100" in told
    assert "invoice-17" in told
    assert "CANCELED" in told


def test_every_other_command_is_run_by_a_check() -> None:
    others = [block for block in BLOCKS if "forgeledger local up" not in block]
    commands = {line for block in others for line in block.splitlines()}
    # An account is needed for this one; the API's tests read such a parameter.
    commands = {line for line in commands if not line.startswith("aws ssm put-parameter")}

    assert commands == set(RUN_BY)
    for file, words in RUN_BY.values():
        assert words in (PROJECT / file).read_text()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z-]+)`", README))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (PROJECT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()


def test_the_run_that_is_shown_names_the_promises_that_the_demo_examines() -> None:
    shown = re.findall(r"^  kept    ([^:]+):", README, re.MULTILINE)

    examined = PROJECT / "layers" / "shared" / "forgeledger" / "demo" / "guarantees.py"
    assert sorted(shown) == sorted(re.findall(r'name="([^"]+)"', examined.read_text()))
