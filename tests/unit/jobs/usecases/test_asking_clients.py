"""Facts and events name the client that asked for them, whichever process carries it on."""

from dataclasses import replace

import pytest

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.job_lifecycle import cancel, total
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.services import services_on
from forgeledger.jobs.usecases.create_job import JobCreator, NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from forgeledger.repeat import Repeat
from tests.support.api_callers import MemoryClaims
from tests.support.builders import make_command
from tests.support.intake_bench import Bench
from tests.support.ledgers import Ledger

CLIENT, ANOTHER = "billing-2", "another"
DAY_MS = 24 * 3_600 * 1_000


def facts_of(ledger: Ledger, job_id: str) -> dict[str, str | None]:
    facts: tuple[Fact, ...] = ledger.store.read_facts(job_id, 0, 100)
    return {fact.kind: fact.client_id for fact in facts}


def events_of(ledger: Ledger, job_id: str) -> list[Event]:
    return [
        event
        for head in ledger.view(job_id).heads
        for row in ledger.store.read_journal(job_id, head.lane, 0, 100)
        for event in row.entries
    ]


def askers(ledger: Ledger, job_id: str, kind: str) -> set[str | None]:
    return {event.client_id for event in events_of(ledger, job_id) if event.kind == kind}


def ask(ledger: Ledger, job_id: str, kind: str, item_id: str, client_id: str = CLIENT) -> None:
    command = make_command(kind, item_id=item_id, command_id=f"{kind} by {client_id}")
    lane = lane_of(item_id, ledger.view(job_id).job.spec.lanes)
    ledger.lane_writer.apply(job_id, lane, [command], client_id=client_id)


def only_in_the_header(ledger: Ledger, job_id: str, step: Step) -> None:
    """As by an API that dies before a lane has followed."""
    change = JobChange(before=ledger.view(job_id).job, job=step.job, facts=step.facts)
    assert ledger.store.commit_job(change)


@pytest.fixture
def creator(ledger: Ledger) -> JobCreator:
    return services_on(ledger.store, MemoryClaims(), ledger.runtime).creator


def test_the_relay_finishes_a_cancel_in_the_name_of_its_client(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=3)
    ledger.do(job_id, "register", "a", "b", "c")
    view = ledger.view(job_id)
    only_in_the_header(ledger, job_id, cancel(view.job, total(view.heads), ledger.now, CLIENT))

    ledger.advancer.advance(job_id)

    facts = facts_of(ledger, job_id)
    assert (facts["job.closing"], facts["job.canceled"]) == (CLIENT, CLIENT)
    assert askers(ledger, job_id, "gated") == {CLIENT}
    assert askers(ledger, job_id, "registered") == {None}


def test_a_job_that_completes_by_itself_names_only_who_sealed_it(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    ledger.lifecycle.seal(job_id, client_id=CLIENT)
    ledger.do(job_id, "complete", "a")

    ledger.advancer.advance(job_id)

    assert facts_of(ledger, job_id) == {
        "job.created": None,
        "job.sealed": CLIENT,
        "job.completed": None,
    }
    assert askers(ledger, job_id, "completed") == {None}


def test_a_request_that_finds_a_verdict_due_is_not_named_in_it(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, expected_items=1)
    ask(ledger, job_id, "register", "a")
    ask(ledger, job_id, "fail", "a")

    ledger.lifecycle.reopen(job_id, client_id=CLIENT)

    facts = facts_of(ledger, job_id)
    by_the_ledger = {kind for kind, client_id in facts.items() if client_id is None}
    assert by_the_ledger == {"job.created", "job.sealed", "job.first_failure", "job.completed"}
    assert facts["job.reopened"] == CLIENT


@pytest.mark.parametrize(
    ("spec", "reason"),
    [({"deadline_seconds": 60}, "deadline"), ({"tolerance": Tolerance(failures=0)}, "tolerance")],
)
def test_a_job_that_fails_by_a_rule_names_nobody(
    ledger: Ledger, spec: dict[str, object], reason: str
) -> None:
    job_id = ledger.job(lanes=1, **spec)
    ask(ledger, job_id, "register", "a")
    ask(ledger, job_id, "fail", "a")
    ledger.now += DAY_MS

    ledger.advancer.advance(job_id)

    assert ledger.view(job_id).job.ending_reason == reason
    assert set(facts_of(ledger, job_id).values()) == {None}
    assert askers(ledger, job_id, "gated") == {None}


def test_an_idle_job_that_a_client_reopened_is_canceled_by_nobody(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.lifecycle.seal(job_id)
    ledger.lifecycle.reopen(job_id, client_id=CLIENT)
    relay = replace(ledger.advancer, maximum_idle_ms=3 * DAY_MS)

    for _ in range(5):
        ledger.now += DAY_MS
        relay.advance(job_id)

    facts = facts_of(ledger, job_id)
    assert (facts["job.reopened"], facts["job.idle"], facts["job.canceled"]) == (CLIENT, None, None)


@pytest.mark.parametrize("client_id", [CLIENT, None])
def test_a_retry_that_reopens_its_job_names_its_own_client(
    ledger: Ledger, client_id: str | None
) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "fail", "a")
    ledger.lifecycle.seal(job_id, client_id=ANOTHER)
    before = len(events_of(ledger, job_id))

    ledger.lane_writer.apply(job_id, 0, [make_command("retry", item_id="a")], client_id=client_id)

    gated, retried = events_of(ledger, job_id)[before:]
    assert (gated.client_id, retried.client_id) == (client_id, client_id)
    assert facts_of(ledger, job_id)["job.reopened"] == client_id
    assert ledger.view(job_id).job.gate_client_id == client_id


@pytest.mark.parametrize("change", ["seal", "cancel", "reopen"])
def test_asking_again_does_not_change_who_asked_first(ledger: Ledger, change: str) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    if change == "reopen":
        ledger.lifecycle.cancel(job_id)
    getattr(ledger.lifecycle, change)(job_id, client_id=CLIENT)
    before = ledger.view(job_id), facts_of(ledger, job_id), events_of(ledger, job_id)

    getattr(ledger.lifecycle, change)(job_id, client_id=ANOTHER)

    assert (ledger.view(job_id), facts_of(ledger, job_id), events_of(ledger, job_id)) == before


def test_a_command_sent_again_by_another_leaves_the_first_event_as_it_was(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ask(ledger, job_id, "register", "a")
    ask(ledger, job_id, "complete", "a")
    ask(ledger, job_id, "complete", "a", ANOTHER)

    events = events_of(ledger, job_id)

    assert [(event.kind, event.client_id) for event in events] == [
        ("registered", CLIENT),
        ("completed", CLIENT),
        ("duplicate", ANOTHER),
    ]


@pytest.mark.parametrize("number", [2, 200])
@pytest.mark.parametrize("seal", [True, False])
def test_a_creation_names_its_client_in_all_that_it_stores(
    ledger: Ledger, creator: JobCreator, *, seal: bool, number: int
) -> None:
    names = [f"i{n}" for n in range(number)]
    new = NewJob(name="n", lanes=2, items=tuple(NewItem(item_id=n) for n in names), seal=seal)
    repeat = Repeat(key="k", fingerprint="body")

    job_id = creator.create(new, repeat, client_id=CLIENT).view.job.job_id
    creator.create(new, repeat, client_id=ANOTHER)

    assert set(facts_of(ledger, job_id).values()) == {CLIENT}
    assert {event.client_id for event in events_of(ledger, job_id)} == {CLIENT}


def test_commands_from_the_queue_name_nobody(ledger: Ledger) -> None:
    bench = Bench(ledger)
    job_id = ledger.job(lanes=1, expected_items=1)
    commands = [bench.command(kind, job_id, "a") for kind in ("register", "claim", "complete")]

    bench.take(bench.message({"commands": commands}))
    ledger.advancer.advance(job_id)

    assert "job.completed" in facts_of(ledger, job_id)
    assert set(facts_of(ledger, job_id).values()) == {None}
    assert {event.client_id for event in events_of(ledger, job_id)} == {None}
