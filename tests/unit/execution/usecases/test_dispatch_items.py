"""What a dispatcher hands out, and what it leaves to the next one where it fails."""

import pytest

from forgeledger.execution.model.work import RESERVATION_MS
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import no_deadline
from tests.support.dispatch_ledger import DispatchingLedger

WAITING_RULES = LaneRules(
    dispatched=True, lease_seconds=300, max_attempts=3, backoff_base_seconds=60
)


@pytest.fixture
def ledger() -> DispatchingLedger:
    return DispatchingLedger()


def test_every_registered_item_is_handed_out_once(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(lanes=4)
    ledger.do(job_id, "register", "a", "b", "c", "d", "e")

    first = ledger.dispatch(job_id)
    second = ledger.dispatch(job_id)

    assert sorted(ledger.sent()) == ["a:1", "b:1", "c:1", "d:1", "e:1"]
    assert (first.items, second.items) == (5, 0)
    assert ledger.out(job_id) == 5


def test_no_more_items_are_out_than_the_window_allows(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=2)
    ledger.do(job_id, "register", "a", "b", "c", "d")
    ledger.dispatch(job_id)

    ledger.do(job_id, "complete", "a")
    ledger.dispatch(job_id)
    at_work = ledger.sent()
    ledger.do(job_id, "complete", "b", "c")
    ledger.dispatch(job_id)

    assert at_work == ["a:1", "b:1", "c:1"]
    assert ledger.sent() == ["d:1"]
    assert ledger.out(job_id) == 1


def test_an_item_that_failed_is_handed_out_again_when_it_is_due(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1, rules=WAITING_RULES)
    ledger.do(job_id, "register", "a")
    ledger.dispatch(job_id)
    ledger.do(job_id, "claim", "a", dispatch=1, attempt=1)
    ledger.do(job_id, "fail", "a", attempt=1)
    due_at = ledger.item(job_id, "a").due_at
    ledger.sent()

    early = ledger.dispatch(job_id)
    ledger.now = due_at or 0
    ledger.dispatch(job_id)

    assert due_at is not None
    assert early.look_at == due_at > ledger.view(job_id).job.opened_at
    assert ledger.sent() == ["a:2"]
    assert ledger.store.list_due(job_id, 0, 10) == ()


def test_without_a_window_the_queue_holds_back_what_is_due_soon(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(rules=WAITING_RULES)
    ledger.do(job_id, "register", "a")
    ledger.dispatch(job_id)
    ledger.do(job_id, "fail", "a", attempt=1)
    ledger.sent()

    ledger.dispatch(job_id)

    assert [handout.due_at for handout in ledger.queue.sent] == [ledger.item(job_id, "a").due_at]


def test_an_item_that_waits_for_its_time_takes_no_place_in_the_window(
    ledger: DispatchingLedger,
) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1)
    at = ledger.now + 3_600_000
    ledger.do(job_id, "register", "later", not_before=at)
    ledger.do(job_id, "register", "now")

    before = ledger.dispatch(job_id)
    sent_before = ledger.sent()
    ledger.do(job_id, "complete", "now")
    ledger.now = at
    ledger.dispatch(job_id)

    assert sent_before == ["now:1"]
    assert before.look_at == at
    assert ledger.sent() == ["later:1"]


def test_what_a_dead_dispatcher_had_reserved_is_sent_by_another(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=5, lanes=2)
    ledger.do(job_id, "register", "c")
    ledger.dispatch(job_id)
    ledger.do(job_id, "claim", "c", dispatch=1, attempt=1)
    ledger.do(job_id, "release", "c", attempt=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.sent()
    ledger.queue.refusals = 1

    with pytest.raises(ConnectionError):
        ledger.dispatch(job_id)
    ledger.dispatch(job_id)
    too_early = ledger.sent()
    ledger.now += RESERVATION_MS
    ledger.dispatch(job_id)

    assert too_early == []
    assert ledger.wakes.sent[0] == (job_id, RESERVATION_MS // 1000 + 1)
    assert sorted(ledger.sent()) == ["a:1", "b:1", "c:2"]
    assert not ledger.store.load_work(job_id).in_flight


def test_of_two_that_plan_at_the_same_time_one_flies(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=2)
    ledger.do(job_id, "register", "a", "b", "c")
    other = ledger.dispatcher()

    class Overtaken:
        """While its reader plans, another dispatcher flies."""

        overtaken = False

        def load_work(self, job: str) -> object:
            work = ledger.store.load_work(job)
            if not self.overtaken:
                self.overtaken = True
                other.dispatch(ledger.view(job), no_deadline)
            return work

        def __getattr__(self, name: str) -> object:
            return getattr(ledger.store, name)

    ledger.dispatcher(Overtaken()).dispatch(ledger.view(job_id), no_deadline)

    assert ledger.sent() == ["a:1", "b:1"]
    assert ledger.out(job_id) == 2


def test_a_closing_frees_the_window_of_a_job_that_is_reopened(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=2)
    ledger.do(job_id, "register", "a", "b", "c", "d")
    ledger.do(job_id, "fail", "a", attempt=1, failure=Failure(type="Busy"))
    ledger.dispatch(job_id)
    ledger.sent()

    ledger.lifecycle.cancel(job_id)
    closed = ledger.dispatch(job_id)
    ledger.lifecycle.reopen(job_id)
    ledger.do(job_id, "register", "e", "f", "g")
    ledger.dispatch(job_id)

    assert closed.items == 0
    assert ledger.sent() == ["e:1", "f:1"]
    assert ledger.out(job_id) == 2
    assert ledger.store.list_due(job_id, 0, 10) == ()


def test_resumed_items_are_handed_out_for_another_dispatch(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=2)
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.dispatch(job_id)
    ledger.sent()

    ledger.lifecycle.cancel(job_id)
    ledger.lifecycle.reopen(job_id, resume=True)
    ledger.dispatch(job_id)

    assert ledger.sent() == ["a:2", "b:2"]
    assert ledger.out(job_id) == 2


def test_a_due_row_whose_item_has_ended_meanwhile_only_frees_its_place(
    ledger: DispatchingLedger,
) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "a")
    ledger.dispatch(job_id)
    ledger.do(job_id, "claim", "a", dispatch=1, attempt=1)
    ledger.do(job_id, "release", "a", attempt=1)
    ledger.do(job_id, "complete", "a")
    ledger.do(job_id, "register", "b")
    ledger.sent()

    ledger.dispatch(job_id)
    ledger.dispatch(job_id)

    assert ledger.sent() == ["b:1"]
    assert ledger.out(job_id) == 1


def test_a_call_hands_out_a_bounded_number_and_leaves_a_wake(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", *(f"i{n}" for n in range(7)))

    dispatched = ledger.dispatch(job_id, most=3)

    assert dispatched.items == 3
    assert (job_id, 0) in ledger.wakes.sent
    assert len(ledger.sent()) == 3


def test_nothing_is_handed_out_of_a_finished_job(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "a")
    ledger.lifecycle.cancel(job_id)

    assert ledger.dispatch(job_id).items == 0
    assert ledger.sent() == []


def test_passing_events_that_hand_out_nothing_writes_nothing(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.dispatch(job_id)
    ledger.do(job_id, "claim", "a", dispatch=1, attempt=1)
    ledger.dispatch(job_id)
    version = ledger.store.load_work(job_id).version

    ledger.do(job_id, "heartbeat", "a", attempt=1)
    ledger.dispatch(job_id)

    assert ledger.store.load_work(job_id).version == version
