"""Chaos that cannot fail shows nothing: each promise is broken here once."""

import pytest

from benchmarks.chaos_promises import Evidence, examine, without_effect
from forgeledger.sdk import Event, Job

NAMES = ("a", "b", "c")


def make_event(offset, item_id="a", type="completed"):  # noqa: A002 - the record's own name.
    return Event(type=type, item_id=item_id, lane=0, offset=offset)


def make_job(**overrides):
    fields = {"status": "COMPLETED", "total": 3, "completed": 3}
    return Job(job_id="j-1", name="chaos", lanes=1, **{**fields, **overrides})


def make_evidence(**overrides):
    fields = {
        "names": NAMES,
        "job": make_job(),
        "journal": [make_event(offset, name) for offset, name in enumerate(NAMES)],
        "heard": [{"detail": {"eventId": "j-1:1:job.completed"}}],
        "drifted_lanes": [],
        "put_aside": {"RejectQueue": 0},
        "workers_fallen": 0,
    }
    return Evidence(**{**fields, **overrides})


def broken(**overrides):
    promises = examine(make_evidence(**overrides))
    return [promise.name for promise in promises if not promise.held]


def test_a_good_end_keeps_every_promise():
    assert broken() == []


def test_an_event_that_is_delivered_twice_is_one_completion():
    heard = [{"detail": {"eventId": "j-1:1:job.completed"}}] * 2

    assert broken(heard=heard) == []


@pytest.mark.parametrize(
    ("overrides", "promise"),
    [
        ({"journal": [make_event(0, "a"), make_event(1, "b")]}, "lost"),
        ({"job": make_job(completed=2)}, "lost"),
        ({"job": make_job(status="COMPLETED_WITH_FAILURES")}, "lost"),
        ({"journal": [make_event(at, name) for at, name in enumerate("abca")]}, "doubled"),
        ({"job": make_job(total=4, completed=4)}, "doubled"),
        ({"heard": []}, "completions"),
        ({"heard": [{"detail": {"eventId": each}} for each in "12"]}, "completions"),
        (
            {"journal": [make_event(at, name) for at, name in zip((0, 1, 3), NAMES, strict=True)]},
            "gaps in the journal",
        ),
        (
            {"journal": [make_event(at, name) for at, name in zip((0, 1, 1), NAMES, strict=True)]},
            "gaps in the journal",
        ),
        ({"drifted_lanes": [2]}, "lanes that drifted"),
        ({"put_aside": {"RejectQueue": 0, "CommandDeadLetterQueue": 1}}, "messages put aside"),
        ({"workers_fallen": 1}, "workers that ended by themselves"),
    ],
)
def test_each_promise_can_be_broken(overrides, promise):
    assert broken(**overrides) == [promise]


def test_what_came_again_or_too_late_is_counted():
    journal = [
        make_event(at, type=kind) for at, kind in enumerate(("duplicate", "claimed", "rejected"))
    ]

    assert without_effect(journal) == 2
