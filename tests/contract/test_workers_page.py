"""docs/workers.md says what the worker and the SDK do, where no example shows it."""

from pathlib import Path

import pytest

from forgeledger.jobs.http.request_bodies import Policy
from forgeledger.sdk.work import worker_loop
from forgeledger.sdk.work.worker_loop import exponential_seconds

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "workers.md").read_text().split())


@pytest.mark.parametrize("share", ["lower", "upper"])
def test_a_message_is_visible_again_after_a_time_within_the_bounds_of_the_page(monkeypatch, share):
    monkeypatch.setattr(
        worker_loop.random, "uniform", lambda least, most: least if share == "lower" else most
    )
    bounds = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]

    pauses = [exponential_seconds(receives) for receives in range(1, 11)]

    assert pauses == [bound / 2 if share == "lower" else bound for bound in bounds]
    assert "a random time between half and all of 2, 4, 8 ... 256, 300 seconds" in PAGE


def test_the_default_that_makes_the_first_failure_final_is_where_failures_are_explained():
    assert Policy().max_attempts == 1
    assert "**`maxAttempts` is 1 unless the job's `policy` has it**" in PAGE


def test_the_example_of_a_registration_looks_at_what_was_rejected():
    assert 'print(done.rejected, "rejected")' in PAGE
