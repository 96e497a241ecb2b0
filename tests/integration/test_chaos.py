"""A small `make chaos`: nothing is lost, with faults, killed processes and a restart."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def chaos(options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos.chaos_run", *options.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_nothing_is_lost_or_doubled_in_chaos() -> None:
    done = chaos("--items 300 --rate 0.03 --worker-kills 2 --function-kills 3 --restarts 1")

    assert done.returncode == 0, done.stdout + done.stderr
    totals = dict(re.findall(r"^  (\w+): +(\d+)", done.stdout, re.MULTILINE))
    assert totals == {"lost": "0", "doubled": "0", "completions": "1"}
    faults = {
        fault: int(number)
        for number, fault in re.findall(r"^ +(\d+)  (.+)$", done.stdout, re.MULTILINE)
    }
    assert faults["workers killed (SIGKILL)"] == 2
    assert faults["function processes killed (SIGKILL)"] == 3
    assert faults["restarts of the engine and the functions"] == 1
    assert faults["response lost"] > 0


def test_a_job_that_is_not_done_in_time_is_cut_off_and_reported() -> None:
    calm = "--items 50 --workers 1 --rate 0 --worker-kills 0 --function-kills 0 --restarts 0"

    late = chaos(f"{calm} --job-seconds 0.5")

    assert late.returncode == 1, late.stdout + late.stderr
    assert "the job was not done in 0.5 s" in late.stdout
    assert re.search(r"the job is [A-Z]+, \d+ of \d+ items completed", late.stdout)
    assert "BROKEN: the job in time" in late.stdout
    shutil.rmtree(late.stdout.rpartition("the logs are in ")[2].strip())
