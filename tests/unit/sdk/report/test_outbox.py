import itertools
import math

import pytest

from forgeledger.jobs.model.ids import lane_of
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.report.outbox import Outbox, OutboxLimits, SendResult, SendStatus
from tests.support.sdk_commands import make_command

ACCEPTED = SendResult(status=SendStatus.ACCEPTED)
AGAIN = SendResult(status=SendStatus.AGAIN, reason="later")
STUCK = SendResult(status=SendStatus.STUCK, reason="denied")
FAILED = SendResult(status=SendStatus.FAILED, reason="never")


def make_outbox(**limits):
    backoff = Backoff(attempts=3, first_seconds=1.0, most_seconds=8.0)
    return Outbox(OutboxLimits(**{"linger_seconds": 1.0, **limits}), backoff)


def test_nothing_is_due_when_nothing_was_reported():
    outbox = make_outbox()

    assert outbox.take(0.0, force=True) == []
    assert outbox.due_at(0.0) == math.inf


def test_a_lone_completion_leaves_after_the_linger_time():
    outbox = make_outbox()

    look_at = outbox.add(make_command("complete"), 10.0)

    assert look_at == outbox.due_at(10.0) == 11.0
    assert outbox.take(10.9) == []
    assert len(outbox.take(11.0)) == 1


def test_a_lane_with_a_full_message_leaves_at_once_and_a_message_is_as_large_as_the_queue_takes():
    outbox = make_outbox(message_bytes=2_000)
    due = [outbox.add(make_command(result="x" * 900), 10.0) for _ in range(3)]

    [message] = outbox.take(10.0)

    assert due[1] == 10.0
    assert len(message.commands) == 1
    assert len(message.body) <= 2_000


@pytest.mark.parametrize("message_bytes", [0, 1_023, 1_048_577, 2_000.0, "2000", None])
def test_a_largest_message_that_sqs_does_not_have_is_refused(message_bytes):
    with pytest.raises(InvalidSettingError, match=r"^message_bytes: must be a whole number from"):
        OutboxLimits(message_bytes=message_bytes)


def test_a_claim_and_its_completion_leave_in_one_message():
    outbox = make_outbox()
    outbox.add(make_command("claim"), 10.0)
    outbox.add(make_command("complete"), 10.9)

    (message,) = outbox.take(11.0)

    assert [command.type for command in message.commands] == ["claim", "complete"]


@pytest.mark.parametrize("end", ["complete", "fail", "release", "cancel"])
def test_what_waited_for_an_end_leaves_as_soon_as_it_is_there(end):
    outbox = make_outbox()
    outbox.add(make_command("heartbeat"), 10.0)
    outbox.add(make_command("claim"), 10.5)
    held = outbox.due_at(11.0)

    look_at = outbox.add(make_command(end), 11.25)

    assert held == 11.5
    assert look_at == 11.25
    assert len(outbox.take(11.25)[0].commands) == 3


def test_a_claim_that_waits_for_its_end_lets_go_what_came_before_when_that_is_old():
    outbox = make_outbox()
    outbox.add(make_command("heartbeat", number=1), 10.0)
    for number in range(2, 6):
        outbox.add(make_command("claim", number=number), 9.0 + number / 2)

    (message,) = outbox.take(12.0)

    assert [command.command_id for command in message.commands] == ["c-1", "c-2", "c-3", "c-4"]


def test_where_claims_overlap_without_end_the_lane_is_cut_before_the_young_ones():
    outbox = make_outbox()
    outbox.add(make_command("claim", "a", 1), 10.0)
    outbox.add(make_command("claim", "c", 2), 10.5)
    outbox.add(make_command("claim", "h", 3), 11.125)
    outbox.add(make_command("complete", "a", 4), 11.25)

    assert outbox.take(11.75) == []
    assert outbox.due_at(11.75) == 12.0
    (message,) = outbox.take(12.0)

    assert [command.command_id for command in message.commands] == ["c-1", "c-2"]


def test_a_full_lane_is_due_at_once():
    outbox = make_outbox()
    in_lane = (f"item-{n}" for n in itertools.count() if lane_of(f"item-{n}", 4) == 0)
    commands = [make_command("claim", item_id) for item_id in itertools.islice(in_lane, 500)]

    look_ats = [outbox.add(command, 10.0) for command in commands]

    assert look_ats[0] == 11.0
    assert set(look_ats[1:-1]) == {math.inf}
    assert look_ats[-1] == 10.0
    assert len(outbox.take(10.0)[0].commands) == 500


def test_lanes_that_could_go_travel_with_one_that_is_due():
    outbox = make_outbox()
    outbox.add(make_command("heartbeat", "a"), 10.0)
    outbox.add(make_command("claim", "b"), 10.5)
    outbox.add(make_command("heartbeat", "d"), 11.9)

    request = outbox.take(12.0)

    items = [[command.item_id for command in message.commands] for message in request]
    assert items == [["a"], ["b"]]


def test_a_lane_sends_nothing_more_until_its_message_is_answered():
    outbox = make_outbox()
    outbox.add(make_command(number=1), 10.0)
    (first,) = outbox.take(10.0, force=True)
    outbox.add(make_command(number=2), 10.0)

    assert outbox.take(99.0, force=True) == []
    assert outbox.due_at(99.0) == math.inf
    outbox.record(first, ACCEPTED, 99.0)
    assert [command.command_id for command in outbox.take(99.0)[0].commands] == ["c-2"]


def test_a_refused_message_is_the_same_when_it_comes_again():
    outbox = make_outbox()
    outbox.add(make_command(number=1), 10.0)
    (first,) = outbox.take(10.0, force=True)
    outbox.record(first, AGAIN, 10.0)
    outbox.add(make_command("complete", number=2), 10.0)

    again = outbox.take(outbox.due_at(10.0))

    assert again == [first]
    assert outbox.last_refusal == "later"


def test_tries_are_counted_and_a_call_for_delivery_renews_them():
    outbox = make_outbox()
    outbox.add(make_command(), 10.0)
    now = 10.0
    for _ in range(3):
        assert outbox.has_retries_left(1)
        now = max(now, outbox.due_at(now, force=True))
        (message,) = outbox.take(now, force=True)
        outbox.record(message, AGAIN, now)

    assert not outbox.has_retries_left(1)
    outbox.renew_tries()
    assert outbox.has_retries_left(1)
    assert outbox.take(now) == [message]


def test_without_permission_no_tries_are_wasted():
    outbox = make_outbox()
    outbox.add(make_command(), 10.0)

    outbox.record(outbox.take(10.0, force=True)[0], STUCK, 10.0)

    assert not outbox.has_retries_left(1)
    assert outbox.pending == 1


def test_hope_is_only_asked_for_what_was_reported_before():
    outbox = make_outbox()
    outbox.add(make_command(), 10.0)

    assert not outbox.has_retries_left(0)
    assert outbox.has_retries_left(1)


def test_what_sqs_never_takes_is_handed_out_once_and_its_lane_goes_on():
    outbox = make_outbox()
    outbox.add(make_command(number=1), 10.0)
    (message,) = outbox.take(10.0, force=True)
    outbox.add(make_command(number=2), 10.0)

    outbox.record(message, FAILED, 10.0)

    report = outbox.report()
    assert [(refused.command.command_id, refused.reason) for refused in report.failed] == [
        ("c-1", "never")
    ]
    assert report.pending == 1
    assert report.last_refusal == "never"
    assert outbox.report().failed == ()
    assert len(outbox.take(10.0, force=True)) == 1


@pytest.mark.parametrize("answer", [ACCEPTED, FAILED])
def test_room_comes_back_when_commands_have_left(answer):
    outbox = make_outbox(commands=1)
    outbox.add(make_command(), 10.0)
    assert not outbox.has_room(make_command(number=2))

    outbox.record(outbox.take(10.0, force=True)[0], answer, 10.0)
    outbox.report()

    assert outbox.has_room(make_command(number=2))


def test_failed_commands_take_room_until_they_are_fetched():
    outbox = make_outbox(commands=1)
    outbox.add(make_command(), 10.0)
    outbox.record(outbox.take(10.0, force=True)[0], FAILED, 10.0)

    assert not outbox.has_room(make_command(number=2))


def test_an_empty_buffer_takes_a_command_of_any_size():
    outbox = make_outbox(bytes=10)

    assert outbox.has_room(make_command("complete", result="x" * 1000))


def test_the_callback_of_a_command_gets_only_the_final_answer():
    outcomes = []
    outbox = make_outbox()
    outbox.add(make_command(), 10.0, outcomes.append)
    (message,) = outbox.take(10.0, force=True)

    assert outbox.record(message, AGAIN, 10.0) == ()
    outbox.renew_tries()
    (waiting,) = outbox.record(outbox.take(10.0, force=True)[0], ACCEPTED, 10.0)

    waiting.on_delivery(True)
    assert outcomes == [True]
