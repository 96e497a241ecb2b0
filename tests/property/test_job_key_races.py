"""Creations with one job key, its reuse, ends and retries: in every order of their calls."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from forgeledger.errors import JobKeyReused
from forgeledger.jobs.model.job_outcomes import outcome_of
from forgeledger.jobs.model.jobs import OPERATOR, JobStatus, Tolerance
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.services import services_on
from forgeledger.jobs.usecases.create_job import Created, KeyRequest, NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from tests.support.api_callers import MemoryClaims
from tests.support.builders import make_command
from tests.support.call_order import Actor, CallOrder, PausingProxy, every_order
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

KEY = "report"
SEALED = NewJob(
    name="first",
    lanes=1,
    items=(NewItem(item_id="a"),),
    seal=True,
    tolerance=Tolerance(failures=0),
    key=KeyRequest(key=KEY, fingerprint="first"),
)
UNSEALED = replace(SEALED, items=(NewItem(item_id="a"), NewItem(item_id="c")), lanes=2, seal=False)
REUSE = replace(
    SEALED, name="second", key=KeyRequest(key=KEY, fingerprint="second", after_failure=True)
)


class KeyRace:
    """Actors on one store, each of which pauses before each of its calls."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.actors: list[Actor] = []

    def add(self, name: str, work: Callable[[Ledger], Any]) -> Actor:
        made = (len(self.actors) + 1) * 10_000
        actor = Actor(name, lambda own: work(Ledger(PausingProxy(self.store, own), made=made)))
        self.actors.append(actor)
        return actor

    def run(self, order: CallOrder) -> None:
        while able := [actor for actor in self.actors if not actor.done]:
            order.choose(able).step()
            self.check()

    def jobs(self) -> list[Any]:
        views, _ = self.store.list_jobs(None, None, None, 10)
        return [view.job for view in views]

    def check(self) -> None:
        """One job has the key; the others ended badly and do not run."""
        holder = self.store.key_holder(OPERATOR, KEY)
        for job in self.jobs():
            assert holder is not None
            if job.job_id != holder.job_id:
                assert job.key_moved is not None
                assert outcome_of(job) in ("FAILED", "CANCELED")
            else:
                assert job.key_moved is None


def create_with(new: NewJob) -> Callable[[Ledger], Created]:
    def work(ledger: Ledger) -> Created:
        return services_on(ledger.store, MemoryClaims(), ledger.runtime).creator.create(new)

    return work


def failed_job(race: KeyRace) -> str:
    job_id = create_with(SEALED)(race.ledger).view.job.job_id
    race.ledger.do(job_id, "fail", "a")
    race.ledger.advancer.advance(job_id)
    assert race.ledger.view(job_id).job.status is JobStatus.FAILED
    return job_id


@pytest.mark.parametrize("new", [SEALED, UNSEALED], ids=["sealed", "unsealed"])
@pytest.mark.parametrize(("requests", "switches"), [(2, 8), (3, 2)])
def test_creations_with_one_key_make_one_job(new: NewJob, requests: int, switches: int) -> None:
    def run(order: CallOrder) -> None:
        race = KeyRace()
        for number in range(requests):
            race.add(f"request {number}", create_with(new))
        race.run(order)
        (job,) = race.jobs()
        assert [actor.error for actor in race.actors] == [None] * requests
        assert {actor.result.view.job.job_id for actor in race.actors} == {job.job_id}
        assert sorted(actor.result.existed for actor in race.actors)[:1] == [False]
        assert race.ledger.view(job.job_id).job.sealed is new.seal
        total = sum(head.counts.total for head in race.ledger.view(job.job_id).heads)
        assert total == len(new.items)

    assert every_order(run, switches=switches) > 5


def test_of_two_specifications_one_gets_the_key() -> None:
    other = replace(SEALED, name="other", key=KeyRequest(key=KEY, fingerprint="other"))

    def run(order: CallOrder) -> None:
        race = KeyRace()
        race.add("one", create_with(SEALED))
        race.add("the other", create_with(other))
        race.run(order)
        (job,) = race.jobs()
        refused = [actor.error for actor in race.actors if actor.error is not None]
        assert [type(error) for error in refused] == [JobKeyReused]
        assert job.spec.name in ("first", "other")

    assert every_order(run, switches=8) > 5


@pytest.mark.parametrize("new", [SEALED, UNSEALED], ids=["sealed", "unsealed"])
def test_a_creation_that_dies_at_any_call_is_carried_on_by_the_next(new: NewJob) -> None:
    calls, survived = 0, False
    while not survived:
        race = KeyRace()
        first = race.add("first", create_with(new))
        for _ in range(calls):
            if not first.done:
                first.step()
        survived = first.done
        first.kill()

        again = create_with(new)(race.ledger)

        race.check()
        (job,) = race.jobs()
        assert again.view.job.job_id == job.job_id
        assert sum(head.counts.total for head in again.view.heads) == len(new.items)
        calls += 1
    assert calls > 2


def test_a_retry_and_a_reuse_of_one_failed_job_never_both_succeed() -> None:
    outcomes = set()

    def run(order: CallOrder) -> None:
        race = KeyRace()
        old = failed_job(race)
        retry = race.add("retry", lambda ledger: ledger.do(old, "retry", "a")[0])
        reuse = race.add("reuse", create_with(REUSE))
        race.run(order)
        retried = retry.result
        if retried.kind is OutcomeKind.APPLIED:
            # The reuse found a running job of another specification.
            assert isinstance(reuse.error, JobKeyReused)
            assert [job.job_id for job in race.jobs()] == [old]
        else:
            assert retried.reason is Reason.JOB_KEY_REUSED
            assert reuse.error is None
            assert race.ledger.view(old).job.key_moved == reuse.result.view.job.job_id
        outcomes.add(retried.kind)

    assert every_order(run, switches=6) > 5
    assert outcomes == {OutcomeKind.APPLIED, OutcomeKind.REJECTED}


def test_a_reopening_and_a_reuse_never_both_succeed() -> None:
    def run(order: CallOrder) -> None:
        race = KeyRace()
        old = failed_job(race)
        reopening = race.add("reopen", lambda ledger: ledger.lifecycle.reopen(old))
        reuse = race.add("reuse", create_with(REUSE))
        race.run(order)
        reopened = reopening.result.outcome is OutcomeKind.APPLIED
        assert reopened is isinstance(reuse.error, JobKeyReused)
        assert race.ledger.view(old).job.finished is not reopened

    assert every_order(run, switches=6) > 5


def test_two_reuses_of_one_failed_job_make_one_job() -> None:
    def run(order: CallOrder) -> None:
        race = KeyRace()
        failed_job(race)
        reuses = [race.add(f"reuse {number}", create_with(REUSE)) for number in (1, 2)]
        race.run(order)
        assert len(race.jobs()) == 2
        assert len({actor.result.view.job.job_id for actor in reuses}) == 1

    assert every_order(run, switches=8) > 5


def test_a_batch_of_retries_reopens_a_job_with_a_key_in_a_commit_that_fits() -> None:
    """The commit that reopens has a row more: of a full batch the first retry goes alone."""
    race = KeyRace()
    names = [f"i{number:03d}" for number in range(96)]
    many = replace(SEALED, items=tuple(NewItem(item_id=name) for name in names))
    job_id = create_with(many)(race.ledger).view.job.job_id
    race.ledger.do(job_id, "fail", *names)
    race.ledger.advancer.advance(job_id)
    sizes = []
    commit_lane = race.store.commit_lane
    race.store.commit_lane = lambda commit, *more, **options: (  # type: ignore[method-assign]
        sizes.append(len(commit.items)) or commit_lane(commit, *more, **options)
    )
    retries = [make_command("retry", item_id=name, command_id=f"r{name}") for name in names]
    applied = race.ledger.lane_writer.apply(job_id, 0, retries)

    assert {outcome.kind for outcome in applied.outcomes} == {OutcomeKind.APPLIED}
    assert sizes == [1, 95]
