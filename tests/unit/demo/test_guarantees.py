"""A demo that cannot fail shows nothing: each guarantee is broken here once."""

from collections import Counter

import pytest

from forgeledger.demo.guarantees import Journal, check_guarantees
from forgeledger.demo.plan import Plan
from forgeledger.sdk.records import Event, Job

PLAN = Plan(items=4, fail_share=0.25)
NAMES = PLAN.item_ids
LOST = "lost with a killed worker"


def make_job(**overrides):
    fields = {"status": "COMPLETED", "total": 4, "completed": 4}
    return Job(**{"job_id": "j-1", "name": "demo", "lanes": 1, **fields, **overrides})


def make_event(**overrides):
    detail = {"jobId": "j-1", "status": "COMPLETED", "total": 4, "completed": 4, "failed": 0}
    return {"detail": {**detail, **overrides}}


def make_journal(**overrides):
    fields = {
        "completed": Counter(NAMES),
        "failed": Counter([NAMES[0]]),
        "taken_over": frozenset(NAMES[1:]),
        "without_effect": 2,
    }
    return Journal(**{**fields, **overrides})


def broken(job=None, journal=None, events=None, killed=("worker-1",)):
    guarantees = check_guarantees(
        PLAN,
        job or make_job(),
        journal or make_journal(),
        [make_event()] if events is None else events,
        killed,
    )
    return [guarantee.name for guarantee in guarantees if not guarantee.held]


def test_in_a_good_run_every_guarantee_holds():
    assert broken() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"completed": 3},
        {"completed": 5, "total": 5},
        {"failed": 1},
        {"pending": 1},
        {"status": "COMPLETED_WITH_FAILURES"},
    ],
)
def test_wrong_counts_break_a_guarantee(wrong):
    assert "the counts are right" in broken(job=make_job(**wrong))


@pytest.mark.parametrize("completed", [Counter(NAMES[:-1]), Counter([*NAMES, NAMES[0]])])
def test_an_item_that_completed_never_or_twice_breaks_a_guarantee(completed):
    found = broken(journal=make_journal(completed=completed))

    assert found == ["each item completed exactly once"]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [make_event(), make_event()],
        [make_event(completed=3)],
        [make_event(jobId="another-1")],
    ],
)
def test_a_missing_second_or_wrong_event_breaks_a_guarantee(events):
    assert broken(events=events) == ["one job.completed event"]


def test_a_failure_that_was_lost_with_the_killed_worker_is_no_broken_guarantee():
    assert broken(journal=make_journal(failed=Counter(), taken_over=frozenset(NAMES[:1]))) == []


def test_failures_that_did_not_happen_or_were_not_retried_break_a_guarantee():
    unseen = make_journal(failed=Counter(), taken_over=frozenset(NAMES[1:]))
    assert broken(journal=unseen) == ["failures were retried"]
    assert "failures were retried" in broken(
        journal=make_journal(completed=Counter(NAMES[1:])),
    )


@pytest.mark.parametrize(
    ("failed", "taken_over", "message"),
    [
        ((0, 2, 3), (), "3 of 3 items failed at first"),
        ((0,), (1, 2, 3), f"1 of 3 items failed at first, 2 first attempts were {LOST}"),
        ((), (0, 1, 2, 3), f"0 of 3 items failed at first, 3 first attempts were {LOST}"),
        (
            (0, 1),
            (2,),
            (
                f"1 of 3 items failed at first, 1 first attempt was {LOST}, 1 never failed; "
                "1 other failed as well"
            ),
        ),
    ],
)
def test_the_failures_add_up_to_those_that_were_planned(failed, taken_over, message):
    plan = Plan(items=4, fail_share=1)
    journal = make_journal(
        failed=Counter(NAMES[number] for number in failed),
        taken_over=frozenset(NAMES[number] for number in taken_over),
    )

    found = check_guarantees(plan, make_job(), journal, [make_event()], ["worker-1"])

    retried = [
        guarantee.message for guarantee in found if guarantee.name == "failures were retried"
    ]
    assert retried == [f"{message}; 0 did not complete after it"]


@pytest.mark.parametrize(
    ("killed", "taken_over"),
    [
        ((), frozenset()),
        ((), frozenset(NAMES[1:])),
        (("worker-1",), frozenset()),
        (("worker-1", "worker-2"), frozenset(NAMES[1:])),
    ],
)
def test_a_worker_that_was_not_killed_or_not_replaced_breaks_a_guarantee(killed, taken_over):
    found = broken(journal=make_journal(taken_over=taken_over), killed=killed)

    assert found == ["nothing was lost with a worker"]


def test_the_journal_adds_up_what_happened_to_each_item():
    events = [
        Event(type="job.created"),
        Event(type="claimed", item_id="a"),
        Event(type="failed", item_id="a"),
        Event(type="duplicate", item_id="a"),
        Event(type="rejected", item_id="b"),
        Event(type="completed", item_id="a", attempt=2),
        Event(type="completed", item_id="b", attempt=2),
    ]

    journal = Journal.read(events)

    assert (journal.completed["a"], journal.failed["a"]) == (1, 1)
    assert journal.taken_over == {"b"}
    assert journal.without_effect == 2
    assert journal.failed_then_completed == "a"
