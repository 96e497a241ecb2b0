"""Buffer and sender under faults: all commands arrive in order and in time."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.report.outbox import Outbox, OutboxLimits, SendStatus
from forgeledger.sdk.report.sqs_sender import Sender
from tests.support.fake_queues import FINE, FakeCommandQueue, Fault, denied, throttled
from tests.support.packed_commands import command

LINGER = 1.0
BACKOFF = Backoff(attempts=4, first_seconds=0.5, most_seconds=8.0)


faults = st.one_of(
    st.just(FINE),
    st.just(Fault.lost_answer()),
    st.just(Fault.unreachable()),
    st.just(Fault(raises=throttled())),
    st.just(Fault(raises=throttled("InternalFailure", 500))),
    st.just(Fault(raises=denied())),
    st.builds(Fault, refused=st.frozensets(st.integers(0, 9))),
    st.builds(Fault, unanswered=st.frozensets(st.integers(0, 9))),
)
# Steps: add a command to a lane, let time pass, send what is due, or send everything.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 12), st.one_of(st.just(0), st.just(90_000))),
        st.tuples(st.just("pass"), st.floats(0, 3)),
        st.tuples(st.just("send"), st.booleans()),
    ),
    max_size=80,
)


class OutboxModel:
    """An outbox, a queue with faults, and a clock that tests move."""

    def __init__(self, faults=(), *, deduplicates=True, limits=None):
        planned = list(faults)
        self.queue = FakeCommandQueue(
            fault=lambda number, entries: planned.pop(0) if planned else FINE,
            deduplicates=deduplicates,
        )
        self.sender = Sender("queue", lambda: self.queue)
        self.outbox = Outbox(limits or OutboxLimits(linger_seconds=LINGER), BACKOFF)
        self.now = 100.0
        self.added = []

    def add(self, command):
        if self.outbox.has_room(command):
            self.outbox.add(command, self.now)
            self.added.append(command)

    def send(self, *, force=False):
        """Send one request and apply its result."""
        messages = self.outbox.take(self.now, force=force)
        if not messages:
            return False
        for message, result in zip(messages, self.sender.send(messages), strict=True):
            self.outbox.record(message, result, self.now)
        return True

    def drain(self):
        for _ in range(10_000):
            if not self.outbox.pending:
                return
            if not self.send(force=True):
                self.now = max(self.now, self.outbox.due_at(self.now, force=True))
        raise AssertionError("the outbox does not get empty")

    def arrived(self, lane):
        return [
            command["commandId"]
            for entry in self.queue.arrivals
            if entry["MessageGroupId"] == f"j#{lane}"
            for command in json.loads(entry["MessageBody"])["commands"]
        ]


def run(world, steps):
    for number, step in enumerate(steps):
        match step:
            case "add", lane, size:
                world.add(command(number, lane, size))
            case "pass", seconds:
                world.now += seconds
            case "send", force:
                world.send(force=force)
        outbox = world.outbox
        assert outbox.delivered + outbox.pending == len(world.added)
        assert len(outbox.undelivered()) == outbox.pending
    world.drain()


@given(steps, st.lists(faults, max_size=40))
@settings(deadline=None)
def test_with_faults_everything_arrives_once_and_in_order_while_sqs_deduplicates(steps, faults):
    world = OutboxModel(faults)

    run(world, steps)

    for lane in range(13):
        reported = [
            int(command.command_id) for command in world.added if command.group == f"j#{lane}"
        ]
        assert world.arrived(lane) == reported


@given(steps, st.lists(faults, max_size=40))
@settings(deadline=None)
def test_with_faults_and_no_deduplication_everything_arrives_and_no_lane_is_overtaken(
    steps, faults
):
    world = OutboxModel(faults, deduplicates=False)

    run(world, steps)

    for lane in range(13):
        reported = [
            int(command.command_id) for command in world.added if command.group == f"j#{lane}"
        ]
        first_arrivals = list(dict.fromkeys(world.arrived(lane)))
        assert first_arrivals == reported


@given(steps)
@settings(deadline=None)
def test_without_faults_every_command_is_sent_exactly_once(steps):
    world = OutboxModel(deduplicates=False)

    run(world, steps)

    sent = [command["commandId"] for command in world.queue.commands]
    assert sorted(sent) == [int(command.command_id) for command in world.added]


@given(steps, st.lists(faults, max_size=40), st.integers(1, 20), st.integers(100_000, 400_000))
@settings(deadline=None)
def test_the_buffer_never_holds_more_than_it_may(steps, faults, most, most_bytes):
    limits = OutboxLimits(commands=most, bytes=most_bytes, linger_seconds=LINGER)
    world = OutboxModel(faults, limits=limits)

    for number, step in enumerate(steps):
        if step[0] == "add":
            world.add(command(number, step[1], step[2]))
        waiting = world.outbox.undelivered()
        assert len(waiting) <= most
        assert sum(len(command.body) for command in waiting) <= max(most_bytes, 90_000)


def play(reports):
    """Add reports at the given times, send when due; return time and message of each command."""
    world = OutboxModel()
    left = {}

    def send_until(end):
        while (due_at := world.outbox.due_at(world.now)) <= end:
            world.now = max(world.now, due_at)
            before = len(world.queue.arrivals)
            if not world.send():
                assert world.outbox.due_at(world.now) > world.now, "due, and yet nothing to send"
            for index in range(before, len(world.queue.arrivals)):
                for entry in json.loads(world.queue.arrivals[index]["MessageBody"])["commands"]:
                    left[entry["commandId"]] = (world.now, index)
        world.now = max(world.now, end)

    for number, (at, kind, item, lane) in enumerate(reports):
        send_until(at)
        world.add(command(number, lane, kind=kind, item=item))
    send_until(1_000.0)
    assert world.outbox.pending == 0
    return left


# Pauses and durations in sixteenths of the linger time, so that sums are exact.
sixteenths = st.integers(0, 48).map(lambda number: number / 16)


@given(st.lists(st.tuples(sixteenths, st.integers(0, 15), st.integers(0, 3)), max_size=40))
@settings(deadline=None)
def test_a_completion_within_the_linger_time_travels_with_its_claim(works):
    free_at = dict.fromkeys(range(4), 100.0)
    reports = []
    for number, (pause, duration, lane) in enumerate(works):
        claimed_at = free_at[lane] + pause
        free_at[lane] = claimed_at + duration / 16
        reports.append((claimed_at, 2 * number, "claim", f"item-{number}", lane))
        reports.append((free_at[lane], 2 * number + 1, "complete", f"item-{number}", lane))
    in_order = [(at, kind, item, lane) for at, _, kind, item, lane in sorted(reports)]

    left = play(in_order)

    message_of = {}
    for number, (_, _, item, _) in enumerate(in_order):
        message_of.setdefault(item, set()).add(left[number][1])
    assert all(len(messages) == 1 for messages in message_of.values())


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80),
            st.sampled_from(["claim", "complete", "fail", "heartbeat", "release"]),
            st.sampled_from(["a", "b", "c"]),
            st.integers(0, 2),
        ),
        max_size=60,
    )
)
@settings(deadline=None)
def test_no_command_waits_longer_than_twice_the_linger_time(drawn):
    reports = sorted((100 + at / 16, kind, item, lane) for at, kind, item, lane in drawn)

    left = play(reports)

    for number, (at, *_) in enumerate(reports):
        assert left[number][0] - at <= 2 * LINGER


@given(st.integers(0, 6), st.sampled_from([SendStatus.AGAIN, SendStatus.STUCK]))
def test_a_lane_that_is_refused_is_resent_unchanged_and_holds_up_no_other(refusals, answer):
    fault = Fault(refused=frozenset({0})) if answer is SendStatus.AGAIN else Fault(raises=denied())
    world = OutboxModel([fault] * refusals)
    world.add(command(1, lane=0))
    world.add(command(2, lane=1))

    world.send(force=True)
    world.add(command(3, lane=0))
    world.drain()

    assert world.arrived(0) == [1, 3]
    assert world.arrived(1) == [2]
    sent = [entry for call in world.queue.calls for entry in call]
    with_first = {
        entry["MessageDeduplicationId"]
        for entry in sent
        if '"commandId": 1,' in entry["MessageBody"]
    }
    assert len(with_first) == 1
