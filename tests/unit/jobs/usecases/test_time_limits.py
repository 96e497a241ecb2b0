"""An invocation ends in time, however slow its services; it returns what it did not apply."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from forgeledger.errors import OutOfTime, StorageBusy
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.ids import group_of
from forgeledger.jobs.model.intake_result import IntakeResult
from forgeledger.jobs.model.message import Message
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import HasTime
from tests.support.builders import make_command
from tests.support.intake_bench import ReturnedMessages
from tests.support.ledgers import Ledger

# The intake's time limit, as in the template.
LIMIT_MS = 30_000


class SlowStore:
    """The store, whose answers take long, never come (`silent`), or are conflicts (`conflicts`)."""

    def __init__(self, ledger: Ledger, *, answer_ms: int) -> None:
        self._ledger = ledger
        self._answer_ms = answer_ms
        self.silent = False
        self.conflicts = False
        self.calls: list[str] = []

    def load_lane(self, *args: object, **kwargs: object) -> object:
        self._wait("load")
        return self._ledger.store.load_lane(*args, **kwargs)

    def commit_lane(self, *args: object, **kwargs: object) -> bool:
        self._wait("commit")
        return not self.conflicts and self._ledger.store.commit_lane(*args, **kwargs)

    def _wait(self, what: str) -> None:
        self.calls.append(what)
        if self.silent:
            # The client waits twice for three seconds and then gives up.
            self._ledger.now += 6_000
            raise StorageBusy(what, 2)
        self._ledger.now += self._answer_ms


class SlowRejectQueue:
    """A reject queue whose answers take long."""

    def __init__(self, ledger: Ledger, answer_ms: int = 0) -> None:
        self._ledger = ledger
        self._answer_ms = answer_ms
        self.message_ids: list[str] = []

    def put(self, message: Message, problems: object, has_time: HasTime) -> bool:
        if not has_time():
            raise OutOfTime("reject queue")
        self._ledger.now += self._answer_ms
        self.message_ids.append(message.message_id)
        return True


def make_message(name: str, job_id: str, lane: int, *item_ids: str) -> Message:
    commands = [{"type": "register", "jobId": job_id, "itemId": item_id} for item_id in item_ids]
    text = json.dumps({"commands": commands})
    return Message(
        message_id=name,
        source_id=name,
        group_id=group_of(job_id, lane),
        sent_at=0,
        text=text,
        body=decode(text, name),
    )


def consume(
    ledger: Ledger,
    store: object,
    messages: Sequence[Message],
    rejects: SlowRejectQueue | None = None,
) -> tuple[IntakeResult, int]:
    """One invocation, and how long it took."""
    started = ledger.now
    intake = Intake(
        lane_writer=LaneWriter(store, ledger.runtime),
        settler=MessageSettler(ReturnedMessages(), rejects or SlowRejectQueue(ledger)),
        advancer=ledger.advancer,
        runtime=ledger.runtime,
    )
    remaining_ms = lambda: started + LIMIT_MS - ledger.now  # noqa: E731 - As the context has it.
    return intake.consume(messages, remaining_ms), ledger.now - started


def full_messages(job_id: str, messages: int = 10, commands: int = 500) -> list[Message]:
    """As much as one batch can bring for one lane."""
    return [
        make_message(f"m{n}", job_id, 0, *(f"i{n}-{index}" for index in range(commands)))
        for n in range(messages)
    ]


def calls_until_time_is_over(store: SlowStore, calls: int) -> HasTime:
    return lambda: len(store.calls) < calls


def test_a_lane_of_five_thousand_commands_stops_in_time_and_the_rest_comes_again(
    ledger: Ledger,
) -> None:
    job_id = ledger.job(lanes=1)
    messages = full_messages(job_id)

    result, took_ms = consume(ledger, SlowStore(ledger, answer_ms=500), messages)

    pending = ledger.view(job_id).heads[0].counts.pending
    assert took_ms < LIMIT_MS
    assert 500 < pending < 5_000
    applied_messages = pending // 500
    assert result.failed == tuple(message.message_id for message in messages[applied_messages:])
    assert [lane.outcomes for lane in result.lanes] == [Counter(applied=pending)]
    assert isinstance(result.lanes[0].error, OutOfTime)


def test_what_comes_again_goes_on_where_it_stopped(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    left = full_messages(job_id)
    store = SlowStore(ledger, answer_ms=500)
    duplicates = 0

    for _ in range(20):
        result, _ = consume(ledger, store, left)
        duplicates += sum(lane.outcomes["duplicate"] for lane in result.lanes)
        left = [message for message in left if message.message_id in result.failed]

    assert left == []
    assert ledger.view(job_id).heads[0].counts.pending == 5_000
    # Each invocation applied at most one message in part.
    assert duplicates < 20 * 500


@pytest.mark.parametrize("answer_ms", [1, 700, 1_400, 2_900])
def test_a_lane_that_moves_again_and_again_ends_with_the_invocation(
    ledger: Ledger, answer_ms: int
) -> None:
    job_id = ledger.job(lanes=1)
    store = SlowStore(ledger, answer_ms=answer_ms)
    store.conflicts = True

    result, took_ms = consume(ledger, store, full_messages(job_id, 1, 1))

    assert result.failed == ("m0",)
    assert took_ms < LIMIT_MS


def test_a_table_that_is_silent_leaves_time_to_say_so(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=64)
    store = SlowStore(ledger, answer_ms=0)
    store.silent = True
    messages = [make_message(f"m{n}", job_id, n, f"item-{n}") for n in range(10)]

    result, took_ms = consume(ledger, store, messages)

    assert result.failed == tuple(message.message_id for message in messages)
    assert took_ms < LIMIT_MS


def test_a_slow_reject_queue_leaves_time_to_say_so(ledger: Ledger) -> None:
    messages = [
        Message(
            message_id=f"m{n}",
            source_id=f"m{n}",
            group_id=f"g{n}",
            sent_at=0,
            text="?",
            body=decode("?", ""),
        )
        for n in range(10)
    ]
    rejects = SlowRejectQueue(ledger, answer_ms=4_900)

    result, took_ms = consume(ledger, ledger.store, messages, rejects)

    assert rejects.message_ids == ["m0", "m1", "m2", "m3", "m4"]
    assert result.failed == ("m5", "m6", "m7", "m8", "m9")
    assert took_ms < LIMIT_MS


@pytest.mark.parametrize(
    ("calls", "made"),
    [(0, []), (1, ["load"]), (2, ["load", "commit"]), (3, ["load", "commit", "load"])],
)
def test_no_request_is_begun_when_time_is_nearly_over(
    ledger: Ledger, calls: int, made: list[str]
) -> None:
    job_id = ledger.job(lanes=1)
    store = SlowStore(ledger, answer_ms=0)
    commands = [make_command("register", item_id=f"i{n}") for n in range(200)]

    with pytest.raises(OutOfTime, match=f"lane {job_id}#0"):
        LaneWriter(store, ledger.runtime).apply(
            job_id, 0, commands, calls_until_time_is_over(store, calls)
        )

    assert store.calls == made


def test_the_same_commands_after_time_was_over_are_duplicates_and_then_the_rest(
    ledger: Ledger,
) -> None:
    job_id = ledger.job(lanes=1)
    store = SlowStore(ledger, answer_ms=0)
    commands = [make_command("register", item_id=f"i{n}") for n in range(200)]
    lane_writer = LaneWriter(store, ledger.runtime)
    with pytest.raises(OutOfTime):
        lane_writer.apply(job_id, 0, commands, calls_until_time_is_over(store, 3))

    again = lane_writer.apply(job_id, 0, commands)

    assert Counter(outcome.kind for outcome in again.outcomes) == Counter(
        {OutcomeKind.DUPLICATE: 96, OutcomeKind.APPLIED: 104}
    )
