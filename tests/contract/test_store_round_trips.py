"""Every store returns unchanged what was written."""

import json
import secrets
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgeledger.jobs.model.commands import FollowGate, Recount
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.job_lifecycle import genesis
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from forgeledger.jobs.model.replay import replay
from forgeledger.jobs.model.sums import Sums
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.change_job import JobLifecycle
from forgeledger.runtime import Runtime
from tests.support.builders import NOW, make_command
from tests.support.lane_steps import apply, create_job, lane_view, loaded, register
from tests.support.one_by_one import one_by_one

_json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False))


def test_every_turn_of_an_item_survives(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id, rules=LaneRules(max_attempts=3, lease_seconds=60, ttl_days=0))
    failure = Failure(type="Timeout", message='it said "no"\n\x00', retryable=True)
    commands = [
        make_command("register", payload="[]"),
        make_command("claim", command_id="1", worker_id=""),
        make_command("heartbeat", command_id="2", lease_seconds=120),
        make_command("fail", command_id="3", failure=failure),
        make_command("claim", command_id="4", worker_id="w-2"),
        make_command("release", command_id="5"),
        make_command("claim", command_id="6", attempt=1),
        make_command("fail", command_id="7", failure=replace(failure, retryable=False)),
        make_command("retry", command_id="8"),
        make_command("complete", command_id="9", result='{"a": "\u2713"}'),
    ]

    for number, command in enumerate(commands):
        commit = apply(store, job_id, command, now=NOW + number)
        view = lane_view(store, job_id, "invoice-17")
        assert (view.head, view.items["invoice-17"]) == (commit.head, commit.items[0])

    rows = store.read_journal(job_id, 0, 0, 100)
    replayed = replay(
        genesis(loaded(store, job_id).job.spec)[0], [e for r in rows for e in r.entries]
    )
    assert replayed == (view.head, view.items)


def test_the_sums_go_from_commit_to_commit(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id, rules=LaneRules(max_attempts=3))
    for number, kind in enumerate(("register", "claim", "fail", "claim", "release")):
        command = make_command(kind, item_id="a", command_id=f"command-{number}")
        commit = apply(store, job_id, command, now=NOW + number * 1_000)

    sums = lane_view(store, job_id).head.sums

    assert sums == commit.head.sums
    assert sums == Sums(
        claims=2, failures=1, released=1, run_ms=2_000, queue_ms=2_000, again=2, retrying=1
    )
    assert lane_view(store, job_id, "a").items["a"].pending_since == NOW + 4_000


def test_a_hold_reaches_header_and_heads_and_goes_again(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id, execute_at=NOW + 60_000)
    register(store, job_id, ["a"])
    runtime = Runtime(clock=lambda: NOW, parallel=one_by_one)
    advancer = JobAdvancer(store, LaneWriter(store, runtime), runtime)
    lifecycle = JobLifecycle(store, advancer, runtime)

    shown = []
    for change in (lifecycle.seal, lifecycle.start, lifecycle.pause, lifecycle.resume):
        view, stored = change(job_id).view, loaded(store, job_id)
        assert (view.job, view.heads) == (stored.job, stored.heads)
        shown.append((view.job.status, view.job.held, {head.held for head in view.heads}))

    assert shown == [
        ("SCHEDULED", True, {True}),
        ("RUNNING", False, {False}),
        ("RUNNING", True, {True}),
        ("RUNNING", False, {False}),
    ]


def test_gates_and_recounts_reach_the_head(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "b"])

    closed = apply(store, job_id, FollowGate(gate=1, mode=LaneMode.CLOSED))
    assert lane_view(store, job_id).head == closed.head
    opened = apply(store, job_id, FollowGate(gate=2, mode=LaneMode.OPEN))
    assert lane_view(store, job_id).head == opened.head
    counts = Counts(failed=3, failings=5)
    recount = Recount(counts=counts, failures=(("b", 2), ("a", 1)), retrying=4)
    recounted = apply(store, job_id, recount)

    head = lane_view(store, job_id).head
    assert head == recounted.head
    assert head.failures == (("b", 2), ("a", 1))
    assert head.sums.retrying == 4
    assert head.canceled_below == 3


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(payload=_json_texts, result=_json_texts)
def test_any_json_text_survives(store: LedgerStore, payload: str, result: str) -> None:
    job_id = make_job_id(0, secrets.randbits(80), 1)
    create_job(store, job_id)
    names = ["a", f"{payload[:200]}."]

    for name in names:
        apply(
            store,
            job_id,
            make_command("register", item_id=name, payload=payload),
            make_command("complete", item_id=name, result=result),
        )

    stored = lane_view(store, job_id, *names).items
    assert {(item.payload, item.result) for item in stored.values()} == {(payload, result)}
    events = [event for row in store.read_journal(job_id, 0, 0, 9) for event in row.entries]
    assert {event.payload for event in events if event.kind == "registered"} == {payload}
    assert {event.result for event in events if event.kind == "completed"} == {result}
