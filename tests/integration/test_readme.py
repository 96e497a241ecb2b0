"""README.md, followed as by a newcomer; other checks run the commands that are too slow here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forgeledger.sdk import Ledger

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# The check that runs each command which is not run here.
RUN_BY = {
    "make demo": (".ci/run", "\nmake demo\n"),
    "pip install '.[all]'": ("tests/integration/test_wheel.py", '{wheel}[all]"'),
    "forgeledger demo": ("tests/integration/test_wheel.py", '"demo"'),
    "sam build": ("tests/contract/test_sam.py", '"build"'),
    "sam deploy --config-env dev": ("tests/contract/test_sam.py", '"deploy"'),
}


def block_with(command: str) -> str:
    (block,) = [block for block in BLOCKS if command in block]
    return block


def run_in_shell(script: str, state: Path) -> str:
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
    printed = run_in_shell(block_with("forgeledger local up"), tmp_path / "state")

    assert "100" in printed
    assert re.search(r"^lanes +1$", printed, re.MULTILINE)
    assert "invoice-17" in printed
    assert "CANCELED" in printed


def test_the_python_examples_register_and_complete_an_item(run, endpoints, tmp_path) -> None:
    script = tmp_path / "readme.py"
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    # The one item that is completed, so that the job ends with it.
    script.write_text(examples.replace("range(100_000)", "range(17, 18)"))

    run(sys.executable, str(script))

    ledger = Ledger(endpoints=endpoints)
    job = next(job for job in ledger.jobs() if job.name == "invoices")
    job = ledger.wait(job.job_id, timeout_seconds=60)
    assert (job.status, job.completed) == ("COMPLETED", 1)
    # As many as are right for the number that stands in the page.
    assert job.lanes == 8
    assert ledger.item(job.job_id, "invoice-17").result == {"pages": 3}


def test_every_other_command_is_run_by_a_check() -> None:
    others = [block for block in BLOCKS if "forgeledger local up" not in block]
    commands = {line for block in others for line in block.splitlines()}
    # This one needs an AWS account; the API's tests read such a parameter.
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


def test_the_run_that_is_shown_names_the_guarantees_that_the_demo_examines() -> None:
    shown = re.findall(r"^  held    ([^:]+):", README, re.MULTILINE)

    examined = PROJECT / "layers" / "shared" / "forgeledger" / "demo" / "guarantees.py"
    assert sorted(shown) == sorted(re.findall(r'name="([^"]+)"', examined.read_text()))
