"""The relay: a record's job is advanced, and each of its facts is published once."""

from collections.abc import Callable

import pytest

from forgeledger.errors import StorageBusy, StorageCorrupt
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, seal
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.usecases.follow_stream import Relay
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.runtime import HasTime
from tests.support.builders import NOW
from tests.support.ledgers import Ledger
from tests.support.time_left import always

UNKNOWN = make_job_id(NOW, 99, 2)


def heads(*job_ids: str) -> list[Wake]:
    return [wake_of(str(number), WakeKind.HEAD, job_id) for number, job_id in enumerate(job_ids)]


def wake_of(number: str, kind: WakeKind, job_id: str) -> Wake:
    return Wake(sequence_number=number, kind=kind, job_id=job_id)


def test_a_finished_job_is_completed_and_published_once(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b")
    ledger.lifecycle.seal(job_id)
    ledger.do(job_id, "complete", "a", "b")
    relay = Relay(ledger.advancer)

    for _ in range(3):
        relay.relay(heads(job_id), always)
        relay.relay([wake_of("7", WakeKind.FACT, job_id)], always)

    assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


def test_a_changed_head_publishes_what_its_fact_s_record_would(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)

    result = Relay(ledger.advancer).relay(heads(job_id, job_id), always)

    assert (result.failed, result.events_published) == ((), 3)
    assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


@pytest.mark.parametrize("change", [seal, cancel])
def test_a_step_that_died_before_its_lanes_is_gone_on_with_for_its_fact(
    ledger: Ledger, change: Callable[[Job, Counts, int], Step]
) -> None:
    job_id = ledger.job()
    before = ledger.view(job_id).job
    step = change(before, Counts(), ledger.now)
    ledger.store.commit_job(JobChange(before=before, job=step.job, facts=step.facts))

    Relay(ledger.advancer).relay([wake_of("7", WakeKind.FACT, job_id)], always)

    assert ledger.view(job_id).job.finished


def test_the_first_failure_of_an_epoch_is_published_once(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "fail", "a")
    ledger.advancer.advance(job_id)
    ledger.do(job_id, "fail", "b")
    ledger.advancer.advance(job_id)

    assert ledger.bus.heard == ["1:job.created", "1:job.first_failure"]


def test_what_the_bus_refused_is_published_the_next_time(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.bus.refusals = 1
    relay = Relay(ledger.advancer)
    wake = wake_of("1", WakeKind.FACT, job_id)

    first = relay.relay([wake], always)
    second = relay.relay([wake], always)

    assert [failed for failed, _ in first.failed] == [wake]
    assert (second.failed, second.events_published) == ((), 1)
    assert ledger.bus.heard == ["1:job.created"]


def test_facts_that_come_while_others_are_published_do_not_leave_the_job_open(
    ledger: Ledger,
) -> None:
    job_id = ledger.job()
    early = ledger.view(job_id)
    ledger.lifecycle.cancel(job_id)

    ledger.fact_publisher.publish(early)
    ledger.fact_publisher.publish(ledger.view(job_id))

    assert ledger.bus.heard == ["1:job.created", "1:job.canceled"]
    assert ledger.store.list_open(None, 10) == ((), None)


def test_a_reopened_job_is_published_with_its_new_epoch(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)
    ledger.lifecycle.reopen(job_id)
    ledger.lifecycle.cancel(job_id)

    published = ledger.fact_publisher.publish(ledger.view(job_id))

    assert ledger.bus.heard == [
        "1:job.created",
        "1:job.sealed",
        "1:job.completed",
        "2:job.reopened",
        "2:job.canceled",
    ]
    assert published == 5


def test_a_job_in_trouble_does_not_stop_the_others(ledger: Ledger) -> None:
    failing, healthy = ledger.job(), ledger.job()
    ledger.lifecycle.seal(healthy)

    class FailingAdvancer:
        def advance(self, job_id: str, has_time: HasTime) -> None:
            if job_id == failing:
                raise StorageBusy("lane", 3)
            ledger.advancer.advance(job_id, has_time)

    result = Relay(FailingAdvancer()).relay(heads(healthy, failing, healthy), always)

    assert [wake.sequence_number for wake, _ in result.failed] == ["1"]


def test_without_time_everything_comes_again(ledger: Ledger) -> None:
    job_id = ledger.job()

    result = Relay(ledger.advancer).relay(heads(job_id), lambda: False)

    assert [wake.job_id for wake, _ in result.failed] == [job_id]


def test_a_job_that_has_expired_is_nothing_to_wait_for(ledger: Ledger) -> None:
    wakes = [*heads(UNKNOWN), wake_of("9", WakeKind.FACT, UNKNOWN)]

    result = Relay(ledger.advancer).relay(wakes, always)

    assert (result.failed, result.events_published) == ((), 0)


def test_a_fact_that_is_missing_is_not_passed_over(ledger: Ledger) -> None:
    job_id = ledger.job()

    class WithoutFacts:
        def __getattr__(self, name: str) -> object:
            return getattr(ledger.store, name)

        def read_facts(self, *_: object) -> tuple[()]:
            return ()

    publisher = FactPublisher(facts=WithoutFacts(), publisher=ledger.bus)

    with pytest.raises(StorageCorrupt):
        publisher.publish(ledger.view(job_id))


def test_the_roll_up_follows_the_heads(ledger: Ledger) -> None:
    job_id = ledger.job(rules=LaneRules(max_attempts=2))
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "complete", "a")
    ledger.do(job_id, "fail", "b")
    ledger.now += 40_000

    advanced = ledger.advancer.advance(job_id)

    assert advanced is not None
    progress = advanced.view.progress
    assert (progress.counts.completed, progress.counts.pending, progress.retrying) == (1, 2, 1)
    assert progress.moved_at == NOW + 40_000
    assert ledger.view(job_id).progress == progress


def test_a_roll_up_never_goes_backwards(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.advancer.advance(job_id)
    view = ledger.view(job_id)
    latest = view.progress

    ledger.store.roll_up(view.job, Progress(offsets=latest.offsets - 1, at=NOW))
    ledger.advancer.advance(job_id)

    assert ledger.view(job_id).progress == latest


def test_the_progress_of_a_job_past_its_retention_is_not_written_again(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "complete", "a")
    ledger.lifecycle.seal(job_id)
    ledger.advancer.advance(job_id)
    at_the_end = ledger.view(job_id).progress
    ledger.now += 30 * 24 * 3_600_000
    ledger.do(job_id, "claim", "a")

    ledger.advancer.advance(job_id)

    assert ledger.view(job_id).job.finished
    assert ledger.view(job_id).progress == at_the_end
