"""Every store: the client that asked for a change is stored with its events and facts."""

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, create, seal
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.ports import JobChange, LedgerStore
from tests.support.builders import NOW, make_command, make_spec
from tests.support.creations import sealed_creation
from tests.support.lane_steps import apply, create_job, lane_view, loaded, new_commit_id, register

CLIENT = "billing-2"


def ask(store: LedgerStore, job_id: str, kind: str, client_id: str = CLIENT) -> None:
    view = lane_view(store, job_id, "a")
    command = make_command(kind, item_id="a")
    (commit,) = decide(view.head, view.items, [command], NOW, client_id=client_id).commits
    assert store.commit_lane(commit, new_commit_id())


def events_of(store: LedgerStore, job_id: str, lane: int = 0) -> list[Event]:
    return [event for row in store.read_journal(job_id, lane, 0, 100) for event in row.entries]


def facts_of(store: LedgerStore, job_id: str) -> tuple[Fact, ...]:
    return store.read_facts(job_id, 0, 100)


def commit(store: LedgerStore, job_id: str, step: Step) -> None:
    before = loaded(store, job_id).job
    assert store.commit_job(JobChange(before=before, job=step.job, facts=step.facts))
    assert loaded(store, job_id).job == step.job


def test_events_name_the_client_that_asked_and_no_other(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "b"])
    ask(store, job_id, "claim")
    apply(store, job_id, make_command("complete", item_id="b"))
    ask(store, job_id, "fail", "another")

    events = events_of(store, job_id)

    assert [(event.kind, event.client_id) for event in events] == [
        ("registered", None),
        ("registered", None),
        ("claimed", CLIENT),
        ("completed", None),
        ("failed", "another"),
    ]


def test_facts_and_header_name_the_client_of_each_step(store: LedgerStore, job_id: str) -> None:
    job, heads, created = create(make_spec(job_id=job_id), CLIENT)
    store.create_job(job, heads, created)

    commit(store, job_id, seal(job, Counts(), NOW, CLIENT))
    commit(store, job_id, cancel(loaded(store, job_id).job, Counts(), NOW, "another"))

    assert [fact.client_id for fact in facts_of(store, job_id)] == [CLIENT, CLIENT, "another"]
    assert loaded(store, job_id).job.gate_client_id == "another"


def test_a_step_that_nobody_asked_for_leaves_no_client_behind(
    store: LedgerStore, job_id: str
) -> None:
    job = create_job(store, job_id).job
    commit(store, job_id, seal(job, Counts(), NOW, CLIENT))

    commit(store, job_id, cancel(loaded(store, job_id).job, Counts(), NOW))

    assert loaded(store, job_id).job.gate_client_id is None


def test_creating_a_job_again_does_not_change_who_created_it(
    store: LedgerStore, job_id: str
) -> None:
    for client_id in (CLIENT, "another"):
        store.create_job(*create(make_spec(job_id=job_id), client_id))

    assert [fact.client_id for fact in facts_of(store, job_id)] == [CLIENT]


def test_a_sealed_creation_names_its_client_throughout(store: LedgerStore, moment: int) -> None:
    job_id = make_job_id(moment, 7, 2)
    first, second = (
        sealed_creation(job_id, ["a", "b", "c"], client_id=client_id)
        for client_id in (CLIENT, "another")
    )
    assert first is not None
    assert second is not None

    assert store.create_sealed_job(first)
    assert not store.create_sealed_job(second)

    assert {fact.client_id for fact in facts_of(store, job_id)} == {CLIENT}
    for lane in range(2):
        assert {event.client_id for event in events_of(store, job_id, lane)} == {CLIENT}
    assert loaded(store, job_id).job.gate_client_id == CLIENT
