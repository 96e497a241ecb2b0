"""Commands of any size and number are packed within the limits, in order per lane."""

import itertools
import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.limits import COMMANDS_PER_ITEM, COMMANDS_PER_MESSAGE, MESSAGE_BYTES
from forgeledger.sdk.report.packer import Message, next_request
from tests.support.packed_commands import command
from tests.support.sqs_limits import MEBIBYTE

sizes = st.one_of(
    st.integers(0, 200), st.integers(20_000, 140_000), st.sampled_from([524_280, 524_281, 524_282])
)
commands = st.lists(st.tuples(st.integers(0, 14), sizes), max_size=60).map(
    lambda drawn: [command(number, lane, size) for number, (lane, size) in enumerate(drawn)]
)
small_sizes = st.integers(20_000, 140_000)
small_commands = st.lists(st.tuples(st.integers(0, 14), small_sizes), max_size=40).map(
    lambda drawn: [command(number, lane, size) for number, (lane, size) in enumerate(drawn)]
)
many_small = st.tuples(st.integers(0, 1300), st.integers(1, 3)).map(
    lambda drawn: [command(number, number % drawn[1]) for number in range(drawn[0])]
)


def packed(everything, most_bytes=MESSAGE_BYTES):
    """All requests that it takes to send these commands."""
    lanes = {}
    for entry in everything:
        lanes.setdefault(entry.group, []).append(entry)
    while lanes:
        request = next_request(lanes.values(), most_bytes)
        for message in request:
            lanes[message.group] = lanes[message.group][len(message.commands) :]
        lanes = {group: left for group, left in lanes.items() if left}
        yield request


@given(st.one_of(commands, many_small))
@settings(deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_packing_keeps_the_limits_and_each_lanes_order_and_sends_everything_once(everything):
    sent = {}

    for request in packed(everything):
        assert 1 <= len(request) <= 10
        assert len({message.group for message in request}) == len(request)
        assert sum(len(message.body) for message in request) <= MEBIBYTE
        for message in request:
            assert len(message.body) <= MESSAGE_BYTES
            assert len(message.commands) <= COMMANDS_PER_MESSAGE
            packed_ids = [str(entry["commandId"]) for entry in json.loads(message.body)["commands"]]
            assert packed_ids == [entry.command_id for entry in message.commands]
            sent.setdefault(message.group, []).extend(message.commands)

    for group in {entry.group for entry in everything}:
        assert sent[group] == [entry for entry in everything if entry.group == group]
    assert sum(map(len, sent.values())) == len(everything)


@given(st.one_of(commands, many_small))
@settings(deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_a_message_ends_only_where_the_next_command_would_not_fit(everything):
    for entry in everything:
        object.__setattr__(entry, "group", "j#0")
    messages = [message for request in packed(everything) for message in request]

    for message, following in itertools.pairwise(messages):
        full = len(message.commands) == COMMANDS_PER_MESSAGE
        too_large = len(message.body) + 1 + len(following.commands[0].body) > MESSAGE_BYTES
        assert full or too_large


@given(small_commands)
@settings(deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_a_queue_with_small_messages_gets_no_larger_message_and_no_larger_request(everything):
    requests = list(packed(everything, most_bytes=262_144))

    assert all(sum(len(message.body) for message in request) <= 262_144 for request in requests)
    sent = [entry for request in requests for message in request for entry in message.commands]
    assert sorted(entry.command_id for entry in sent) == sorted(c.command_id for c in everything)


def test_ten_small_lanes_share_one_request_and_the_eleventh_does_not():
    everything = [command(number, lane=number) for number in range(11)]

    assert [len(request) for request in packed(everything)] == [10, 1]


def test_a_lane_that_does_not_fit_with_the_others_comes_first_in_the_next_request():
    large = [command(1, lane=0, size=600_000), command(2, lane=1, size=600_000), command(3, lane=2)]

    assert [[message.commands for message in request] for request in packed(large)] == [
        [(large[0],), (large[2],)],
        [(large[1],)],
    ]


def test_a_message_to_be_resent_goes_as_it_was():
    message = Message(group="j#0", commands=(command(1),), body=b"{}")

    assert next_request([message, [command(2, lane=1)]])[0] is message


def test_a_message_to_be_resent_waits_where_there_is_no_room():
    large = Message(group="j#0", commands=(command(1),), body=b"x" * 600_000)
    other = replace(large, group="j#1")

    assert next_request([large, other]) == [large]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["claim", "heartbeat"]))))
def test_no_message_has_more_commands_of_an_item_than_the_intake_takes(drawn):
    everything = [
        command(number, kind=kind, item=item) for number, (item, kind) in enumerate(drawn * 3)
    ]

    messages = [message for request in packed(everything) for message in request]

    assert [entry for message in messages for entry in message.commands] == everything
    for message in messages:
        body = json.loads(message.body)
        valid = [{**fields, "jobId": "j", "commandId": "c"} for fields in body["commands"]]
        assert decode(json.dumps({"commands": valid}), "").problems == ()
    # And no message ends earlier than it must.
    for message, after in itertools.pairwise(messages):
        first = after.commands[0]
        same = [entry for entry in message.commands if entry.item_id == first.item_id]
        assert sum(entry.type == "claim" for entry in same) == COMMANDS_PER_ITEM
