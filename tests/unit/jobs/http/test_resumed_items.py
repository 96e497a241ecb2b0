"""A canceled job is reopened with the items that were canceled with it."""

from typing import Any

import pytest

from forgeledger.jobs.usecases import resume_items
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter

NAMES = ["done", "dropped", "held", "waits", "failed"]
RESUME = {"items": "resume"}


def canceled_job(caller: Any) -> str:
    job_id: str = caller.new_job(items=NAMES, lanes=1)
    items = f"/jobs/{job_id}/items"
    caller.post(f"{items}/done/complete")
    caller.post(f"{items}/dropped/cancel")
    caller.post(f"{items}/held/claim", {"workerId": "w"})
    caller.post(f"{items}/failed/fail")
    caller.post(f"/jobs/{job_id}/cancel")
    return job_id


def relay(world: Any, job_id: str) -> None:
    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)


def states(caller: Any, job_id: str) -> dict[str, str]:
    items = caller.get(f"/jobs/{job_id}/items").json["items"]
    return {item["itemId"]: item["state"] for item in items}


@pytest.fixture
def one_at_once(monkeypatch):
    monkeypatch.setattr(resume_items, "ITEMS_RESUMED_AT_ONCE", 1)


def test_what_was_canceled_with_the_job_is_pending_again_and_nothing_else(caller):
    job_id = canceled_job(caller)

    reply = caller.post(f"/jobs/{job_id}/reopen", RESUME)

    job = reply.json["job"]
    assert reply.status == 200
    assert (job["epoch"], job["sealed"], job["resuming"]) == (2, False, False)
    assert states(caller, job_id) == {
        "done": "COMPLETED",
        "dropped": "CANCELED",
        "held": "PENDING",
        "waits": "PENDING",
        "failed": "FAILED",
    }


def test_without_being_asked_a_reopening_resumes_nothing(caller):
    job_id = canceled_job(caller)

    caller.post(f"/jobs/{job_id}/reopen")

    assert states(caller, job_id)["waits"] == "CANCELED"


def test_an_item_that_is_canceled_again_by_itself_stays_so(caller, one_at_once):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)
    (waiting,) = [name for name in ("held", "waits") if states(caller, job_id)[name] == "CANCELED"]

    again = caller.post(f"/jobs/{job_id}/items/{waiting}/cancel")
    caller.post(f"/jobs/{job_id}/reopen", RESUME)

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert states(caller, job_id)[waiting] == "CANCELED"
    assert caller.get(f"/jobs/{job_id}").json["resuming"] is False


def test_a_message_from_before_the_closing_passes_no_fence(caller):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)
    held = f"/jobs/{job_id}/items/held"

    late = caller.post(f"{held}/complete", {"attempt": 1})
    never_claimed = caller.post(f"/jobs/{job_id}/items/waits/claim", {"attempt": 1})
    claimed = caller.post(f"{held}/claim", {"workerId": "w-2"})

    assert (late.json["code"], never_claimed.json["code"]) == ("stale_attempt", "stale_attempt")
    assert (claimed.json["outcome"], claimed.json["item"]["attempt"]) == ("applied", 3)


def test_a_resumed_attempt_is_not_counted(caller):
    job_id = caller.new_job(items=["a"], policy={"maxAttempts": 2})
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen", RESUME)

    failed = [caller.post(f"/jobs/{job_id}/items/a/fail") for _ in range(2)]

    assert [reply.json["item"]["state"] for reply in failed] == ["PENDING", "FAILED"]


def test_while_it_goes_on_the_answer_is_202_and_the_relay_carries_on(caller, world, one_at_once):
    job_id = canceled_job(caller)

    begun = caller.post(f"/jobs/{job_id}/reopen", RESUME)
    relay(world, job_id)

    assert (begun.status, begun.json["job"]["resuming"]) == (202, True)
    assert begun.json["job"]["pending"] == 1
    job = caller.get(f"/jobs/{job_id}").json
    assert (job["resuming"], job["pending"]) == (False, 2)


def test_why_says_that_items_are_resumed_until_the_last_one_is(caller, world, one_at_once):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)

    during = caller.get(f"/jobs/{job_id}/why").json["reasons"]
    relay(world, job_id)
    after = caller.get(f"/jobs/{job_id}/why").json["reasons"]

    assert during == ["resuming", "lanes_lagging", "unsealed", "items_pending"]
    assert after == ["unsealed", "items_pending"]


def test_a_repeated_request_goes_on_and_then_changes_nothing(caller, one_at_once):
    job_id = canceled_job(caller)

    replies = [caller.post(f"/jobs/{job_id}/reopen", RESUME) for _ in range(3)]

    assert [reply.status for reply in replies] == [202, 200, 200]
    assert replies[-1].json["outcome"] == "duplicate"
    assert caller.get(f"/jobs/{job_id}").json["epoch"] == 2


def test_there_is_no_verdict_while_items_are_resumed(caller, world, one_at_once):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)
    for name in NAMES:
        caller.post(f"/jobs/{job_id}/items/{name}/complete", command_id="first")

    sealed = caller.post(f"/jobs/{job_id}/seal")
    relay(world, job_id)

    assert sealed.json["job"]["status"] == "RUNNING"
    assert caller.get(f"/jobs/{job_id}").json["pending"] == 1
    waiting = [name for name, state in states(caller, job_id).items() if state == "PENDING"]
    caller.post(f"/jobs/{job_id}/items/{waiting[0]}/complete")
    relay(world, job_id)
    assert caller.get(f"/jobs/{job_id}").json["status"] == "COMPLETED_WITH_FAILURES"


def test_until_an_item_is_resumed_it_counts_as_canceled(caller, world, one_at_once):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)
    (left,) = {"held", "waits"} - {
        name for name, state in states(caller, job_id).items() if state == "PENDING"
    }

    early = caller.post(f"/jobs/{job_id}/items/{left}/claim", {"workerId": "w"})
    relay(world, job_id)
    later = caller.post(f"/jobs/{job_id}/items/{left}/claim", {"workerId": "w"})

    assert (early.status, early.json["code"]) == (409, "already_canceled")
    assert later.json["outcome"] == "applied"


def test_time_that_is_up_between_two_commits_leaves_the_rest_to_whoever_comes_next(
    caller, world, one_at_once
):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)
    view = world.store.load_job(job_id)
    time_left = iter([True])
    follower = resume_items.LaneFollower(LaneWriter(world.store, world.runtime))

    followed = follower.follow(view.job, view.heads[0], lambda: next(time_left, False))

    assert (followed, caller.get(f"/jobs/{job_id}").json["resuming"]) == (False, True)


def test_a_cancel_ends_the_resume(caller, world, one_at_once):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen", RESUME)

    canceled = caller.post(f"/jobs/{job_id}/cancel").json["job"]
    relay(world, job_id)

    assert (canceled["status"], canceled["resuming"], canceled["pending"]) == ("CANCELED", False, 0)
    assert caller.get(f"/jobs/{job_id}").json["canceled"] == 3


def test_a_job_that_runs_without_its_canceled_items_is_not_resumed(caller):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen")

    refused = caller.post(f"/jobs/{job_id}/reopen", RESUME)

    assert (refused.status, refused.json["code"]) == (409, "job_running")
    assert states(caller, job_id)["waits"] == "CANCELED"


def test_only_resume_can_be_asked_for(caller):
    job_id = canceled_job(caller)

    refused = caller.post(f"/jobs/{job_id}/reopen", {"items": "all"})

    assert (refused.status, refused.wrong.keys()) == (422, {"items"})
    assert caller.get(f"/jobs/{job_id}").json["status"] == "CANCELED"


def test_a_misspelt_wish_does_not_reopen_the_job_without_its_items(caller):
    job_id = canceled_job(caller)

    refused = caller.post(f"/jobs/{job_id}/reopen", {"item": "resume"})

    assert (refused.status, refused.wrong.keys()) == (422, {"item"})
    assert caller.get(f"/jobs/{job_id}").json["status"] == "CANCELED"


def test_the_journal_tells_of_each_item_and_of_the_end(caller):
    job_id = canceled_job(caller)

    caller.post(f"/jobs/{job_id}/reopen", RESUME)

    events = caller.get(f"/jobs/{job_id}/events").json["events"]
    resumed = [event for event in events if event["type"] == "resumed"]
    (ended,) = [event for event in events if event["type"] == "job.items_resumed"]
    assert sorted(event["itemId"] for event in resumed) == ["held", "waits"]
    assert "eventId" not in ended
