"""`make chaos` in small: faults before the engine, killed processes, a restart, and no loss."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def test_nothing_is_lost_or_doubled_in_chaos():
    less = "--items 300 --rate 0.03 --worker-kills 2 --function-kills 3 --restarts 1"

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *less.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(re.findall(r"^  (\w+): +(\d+)", done.stdout, re.MULTILINE))
    assert told == {"lost": "0", "doubled": "0", "completions": "1"}
    happened = {
        what: int(number)
        for number, what in re.findall(r"^ +(\d+)  (.+)$", done.stdout, re.MULTILINE)
    }
    assert happened["workers killed (SIGKILL)"] == 2
    assert happened["function processes killed (SIGKILL)"] == 3
    assert happened["restarts of the engine and the functions"] == 1
    assert happened["answer lost after it was made"] > 0
