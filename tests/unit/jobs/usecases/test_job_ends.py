"""The intake ends a job whose last items its batch finished, and publishes the end."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ReadTimeoutError

from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.messages.intake_report import log_lines, measurements
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from tests.support.intake_bench import Bench, item_in
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore


class RequestLog:
    """A store in front of another one; it notes what is asked for, and can fail to load jobs."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.loads_jobs = True
        self.requests: list[str] = []

    def __getattr__(self, name: str) -> Any:
        request = getattr(self._store, name)

        def send(*arguments: Any, **options: Any) -> Any:
            self.requests.append(name)
            if name == "load_job" and not self.loads_jobs:
                raise ConnectionError("the table is unreachable")
            return request(*arguments, **options)

        return send


@pytest.fixture
def log() -> RequestLog:
    return RequestLog(MemoryStore())


@pytest.fixture
def logged_bench(log: RequestLog) -> Bench:
    return Bench(Ledger(log))


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(ledger)


def test_the_batch_that_finishes_a_sealed_job_publishes_its_end(bench: Bench) -> None:
    job_id = bench.ledger.job()
    names = [item_in(job_id, 0), item_in(job_id, 1)]
    bench.ledger.do(job_id, "register", *names)
    bench.ledger.lifecycle.seal(job_id)

    result = bench.take(*(bench.message(bench.command("complete", job_id, name)) for name in names))

    assert [(end.job_id, end.events_published, end.error) for end in result.ends] == [
        (job_id, 3, None)
    ]
    assert bench.ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]
    assert bench.ledger.store.list_open(None, 10) == ((), None)


@pytest.mark.parametrize("seal", [False, True])
def test_a_batch_that_leaves_work_or_a_job_open_loads_no_job(bench: Bench, seal: bool) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a", *(["b"] if seal else []))
    if seal:
        bench.ledger.lifecycle.seal(job_id)

    result = bench.take(bench.message(bench.command("complete", job_id, "a")))

    assert result.ends == ()


def sealed_job(ledger: Ledger, *, lanes: int) -> tuple[str, list[str]]:
    """A job with an item in each lane, and their names."""
    job_id = ledger.job(lanes=lanes)
    names = [item_in(job_id, lane) for lane in range(lanes)]
    ledger.do(job_id, "register", *names)
    ledger.lifecycle.seal(job_id)
    return job_id, names


def test_a_job_of_one_lane_is_loaded_with_its_last_commit_and_its_facts_with_its_end(
    logged_bench: Bench, log: RequestLog
) -> None:
    job_id, (name,) = sealed_job(logged_bench.ledger, lanes=1)
    log.requests.clear()

    logged_bench.take(logged_bench.message(logged_bench.command("complete", job_id, name)))

    # Threads send these in pairs: loading and committing, reading and ending.
    pairs = ["load_job", "commit_lane", "read_facts", "commit_job"]
    assert log.requests == ["load_lane", *pairs, "mark_published", "roll_up"]
    heard = logged_bench.ledger.bus.heard
    assert heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


def test_a_job_of_more_lanes_is_loaded_after_their_commits(
    logged_bench: Bench, log: RequestLog
) -> None:
    job_id, names = sealed_job(logged_bench.ledger, lanes=2)
    log.requests.clear()

    logged_bench.take(
        *(logged_bench.message(logged_bench.command("complete", job_id, name)) for name in names)
    )

    assert log.requests[:5] == [*["load_lane", "commit_lane"] * 2, "load_job"]


def test_a_job_that_cannot_be_loaded_with_its_last_commit_fails_no_message(
    logged_bench: Bench, log: RequestLog
) -> None:
    job_id, (name,) = sealed_job(logged_bench.ledger, lanes=1)
    log.loads_jobs = False

    result = logged_bench.take(logged_bench.message(logged_bench.command("complete", job_id, name)))

    assert (result.failed, [type(end.error) for end in result.ends]) == ((), [ConnectionError])
    log.loads_jobs = True
    assert logged_bench.ledger.view(job_id).heads[0].counts.completed == 1


def test_a_late_duplicate_in_a_finished_lane_does_not_advance_its_job_again(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    bench.ledger.lifecycle.seal(job_id)
    bench.take(bench.message(bench.command("complete", job_id, "a")))

    again = bench.take(bench.message(bench.command("complete", job_id, "a")))

    assert again.ends == ()


def test_an_end_that_cannot_be_published_fails_no_message(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    bench.ledger.lifecycle.seal(job_id)
    bench.ledger.bus.refusals = 1

    result = bench.take(bench.message(bench.command("complete", job_id, "a")))
    lines = [line for line in log_lines(result) if line.error is not None]

    assert result.failed == ()
    assert bench.ledger.view(job_id).job.status is JobStatus.COMPLETED
    assert [(line.level, line.message) for line in lines] == [("warning", "job left to the relay")]
    assert ("JobsLeftToRelay", "Count", 1) in measurements(result, 1, None)
    bench.ledger.advancer.advance(job_id)
    assert bench.ledger.bus.heard[-1] == "1:job.completed"


class SilentBus:
    """An event bus that never answers: each request takes three seconds of the invocation."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def put_events(self, **_: object) -> NoReturn:
        self._ledger.now += 3_000
        raise ReadTimeoutError(endpoint_url="https://bus")


def invocation(ledger: Ledger) -> Callable[[], int]:
    """The time that is left of an invocation that begins now."""
    end = ledger.now + 30_000
    return lambda: end - ledger.now


def test_a_bus_that_does_not_answer_delays_the_batch_by_one_request(bench: Bench) -> None:
    ledger = bench.ledger
    job_ids = [ledger.job(lanes=1) for _ in range(3)]
    for job_id in job_ids:
        ledger.do(job_id, "register", "a")
        ledger.lifecycle.seal(job_id)
    bus = EventBridgePublisher(lambda: SilentBus(ledger), "bus", ledger.runtime)
    ledger.advancer = ledger.advancer_of(FactPublisher(facts=ledger.store, publisher=bus))
    messages = [bench.message(bench.command("complete", job_id, "a")) for job_id in job_ids]
    started = ledger.now

    result = bench.intake().consume(messages, invocation(ledger))

    assert result.failed == ()
    assert [end.job_id for end in result.ends if end.error is not None] == job_ids
    assert ledger.now - started == 3_000


SLOW = {"load_job", "commit_job", "read_facts", "mark_published", "roll_up"}


@pytest.mark.parametrize("left_ms", [30_000, 26_000, 22_000, 21_500, 20_000, 16_000])
@pytest.mark.parametrize("slow", [SLOW, *({name} for name in sorted(SLOW))])
def test_a_slow_table_takes_no_more_than_the_time_of_the_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, slow: set[str], left_ms: int
) -> None:
    ledger = bench.ledger
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    ledger.lifecycle.seal(job_id)
    for name in slow:
        monkeypatch.setattr(ledger.store, name, late(ledger, getattr(ledger.store, name)))
    ends_at = ledger.now + left_ms

    message = bench.message(bench.command("complete", job_id, "a"))
    result = bench.intake().consume([message], lambda: ends_at - ledger.now)

    assert result.failed == ()
    assert ledger.now < ends_at


def late(ledger: Ledger, answer: Callable[..., object]) -> Callable[..., object]:
    """The same call, with an answer that takes as long as the table's retries."""

    def answer_late(*args: object, **kwargs: object) -> object:
        ledger.now += 14_500
        return answer(*args, **kwargs)

    return answer_late
