"""A busy lane is tried while there is time; what is returned comes again soon, then later."""

from dataclasses import replace

import pytest

from forgeledger.errors import StorageBusy
from forgeledger.jobs.model.delivery import delays, redelivery_seconds
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from tests.support.intake_bench import Bench
from tests.support.ledgers import Ledger

LIMIT_MS = 30_000
ROUND_MS = 1_600


class BusyStore:
    """A store whose first commits are throttled for as long as a round of retries takes."""

    def __init__(self, ledger: Ledger, busy_commits: int) -> None:
        self._ledger = ledger
        self.busy_commits = busy_commits

    def load_lane(self, *args: object, **kwargs: object) -> object:
        return self._ledger.store.load_lane(*args, **kwargs)

    def commit_lane(self, *args: object, **kwargs: object) -> bool:
        if self.busy_commits:
            self.busy_commits -= 1
            self._ledger.now += ROUND_MS
            raise StorageBusy("TransactWriteItems", 8)
        return self._ledger.store.commit_lane(*args, **kwargs)


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(ledger)


def intake_on(bench: Bench, store: BusyStore) -> Intake:
    return Intake(
        lane_writer=LaneWriter(store, bench.ledger.runtime),
        settler=MessageSettler(bench.commands, bench.rejects),
        advancer=bench.ledger.advancer,
        runtime=bench.ledger.runtime,
    )


def consume(bench: Bench, busy_commits: int) -> tuple[object, int]:
    """One invocation on a lane that is busy at first, and how long it took."""
    job_id = bench.ledger.job(lanes=1)
    started = bench.ledger.now
    message = bench.message(bench.command("register", job_id, "a"))
    result = intake_on(bench, BusyStore(bench.ledger, busy_commits)).consume(
        [message], lambda: started + LIMIT_MS - bench.ledger.now
    )
    return result, bench.ledger.now - started


def test_a_busy_lane_is_tried_again_with_jitter_until_it_is_free(bench: Bench) -> None:
    result, _ = consume(bench, 7)

    assert (result.failed, result.lanes[0].error) == ((), None)
    assert result.lanes[0].outcomes == {"applied": 1}
    assert bench.ledger.pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.25]
    assert bench.commands.delays == {}


def test_a_lane_that_stays_busy_is_returned_before_the_time_is_over(bench: Bench) -> None:
    result, took_ms = consume(bench, 1_000)

    assert result.failed == ("m1",)
    assert isinstance(result.lanes[0].error, StorageBusy)
    assert LIMIT_MS - 15_000 <= took_ms <= LIMIT_MS - 15_000 + ROUND_MS
    assert bench.commands.delays == {"m1": 2}


def test_a_lane_is_not_tried_for_ever_where_time_stands_still(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.busy_lanes = frozenset({0})

    result = bench.take(bench.message(bench.command("register", job_id, "a")))

    assert result.failed == ("m1",)
    assert len(bench.ledger.pauses) == 100


def test_each_receive_doubles_the_delay_up_to_that_of_the_queue() -> None:
    assert [redelivery_seconds(receives) for receives in (1, 2, 3, 7, 8, 30, 1_000)] == [
        2,
        4,
        8,
        128,
        180,
        180,
        180,
    ]


def test_all_messages_of_a_group_wait_as_long_as_the_one_that_was_received_most(
    bench: Bench,
) -> None:
    first, second, other, held = (
        replace(bench.message("{}", group), receives=receives)
        for group, receives in (("g", 1), ("g", 3), ("h", 2), ("i", 5))
    )
    after_failed = bench.message("{}", "h")

    waiting = delays([first, second, other], [held, after_failed])

    assert [seconds for _, seconds in waiting] == [8, 8, 4, 0, 4]


def test_a_queue_that_refuses_the_delay_decides_itself(bench: Bench) -> None:
    bench.commands.broken = True

    result, _ = consume(bench, 1_000)

    assert result.failed == ("m1",)
    assert isinstance(result.delay_error, ConnectionError)


def test_without_time_for_a_request_the_queue_decides(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    message = bench.message(bench.command("register", job_id, "a"))

    result = bench.intake().consume([message], lambda: 5_000)

    assert (result.failed, result.delay_error) == (("m1",), None)
    assert bench.commands.delays == {}
