"""The proof in small, for each change; `make simulate SEEDS=20000` is the same at length."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.many import run_many, stories
from tests.simulation.running import digest, run
from tests.simulation.script import Theme, write

_SECONDS = 25
_ROOT = Path(__file__).parents[2]


def test_nothing_that_must_never_happen_happens(capsys: pytest.CaptureFixture[str]) -> None:
    total = run_many(0, 400, jobs=1, most_seconds=_SECONDS)

    with capsys.disabled():
        print(f"\n{total}", end=" ")  # noqa: T201 - The rate is part of the result.
    assert not total.failed, "\n\n".join(stories(total.failed))


def test_the_same_seed_gives_the_same_history_byte_for_byte() -> None:
    here = [digest(run(write(seed), tell=True)) for seed in range(12)]

    command = (
        "from tests.simulation.running import digest, run\n"
        "from tests.simulation.script import write\n"
        "print(*(digest(run(write(seed), tell=True)) for seed in range(12)))"
    )
    for hash_seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", command],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.split() == here


def test_histories_meet_everything_that_can_go_wrong() -> None:
    stories_told = "\n".join(
        line for seed in range(120) for line in run(write(seed), tell=True).story
    )

    wanted = (
        "crash before",
        "crash after",
        "answer lost",
        "repeated by botocore",
        "transaction conflict",
        "throttled for long",
        "torn read",
        "unprocessed keys",
        "stall before",
        "stall after",
        "some entries refused",
        "dies with what it has not sent",
        "a shard splits",
        "stale_attempt",
        "job.completed COMPLETED",
        "job.completed COMPLETED_WITH_FAILURES",
        "job.failed FAILED",
        "job.canceled CANCELED",
        "job.reopened RUNNING",
    )
    assert [each for each in wanted if each not in stories_told] == []


def test_all_themes_are_played() -> None:
    assert {write(seed).theme for seed in range(40)} == set(Theme)
