"""Where a stream poller resumes, and how it catches up if records of the stream are lost."""

import pytest

from forgeledger.local.checkpoints import Checkpoint, CheckpointFile
from forgeledger.local.engine_calls import EngineRefused
from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.stream_batches import RetryRule
from tests.support.fake_streams import FakeFunction, FakeStreams


def test_a_new_reader_goes_on_where_the_last_one_stopped(poller_of):
    streams, function = FakeStreams(*"ab"), FakeFunction()
    poller_of(streams, function).poll_once()
    streams.records = FakeStreams(*"abc").records

    poller_of(streams, function).poll_once()

    assert function.batches == ["ab", "c"]
    assert function.catch_ups == 0


def test_a_first_reader_starts_where_the_mapping_says(poller_of):
    streams, function = FakeStreams(*"abc"), FakeFunction()
    poller = poller_of(streams, function, starting_position="LATEST")

    poller.poll_once()

    assert streams.opened == ["LATEST"]
    assert function.batches == []
    assert function.catch_ups == 0


def test_a_reader_that_opened_a_stream_and_did_nothing_loses_nothing(poller_of):
    streams, function = FakeStreams(), FakeFunction()
    poller_of(streams, function).poll_once()
    streams.records = FakeStreams(*"a").records

    poller_of(streams, function).poll_once()

    assert function.batches == ["a"]
    assert function.catch_ups == 0


def test_the_table_is_asked_when_the_engine_was_started_anew(poller_of):
    streams, function = FakeStreams(*"ab"), FakeFunction()
    poller_of(streams, function, engine="run-1").poll_once()

    poller_of(FakeStreams(*"xy"), function, engine="run-2").poll_once()

    assert function.catch_ups == 1
    assert function.batches == ["ab", "xy"]


def test_the_table_is_asked_when_the_stream_no_longer_holds_the_checkpoint(poller_of):
    streams, function = FakeStreams("a"), FakeFunction()
    poller_of(streams, function).poll_once()
    streams.records, streams.trimmed = FakeStreams(*"abc").records, 2

    poller_of(streams, function).poll_once()

    assert function.catch_ups == 1
    assert function.batches == ["a", "c"]


def test_another_refusal_of_an_iterator_is_not_taken_for_a_lost_stream(poller_of):
    streams, function = FakeStreams(*"ab"), FakeFunction()
    poller_of(streams, function).poll_once()

    def refuse(request):
        raise EngineRefused("LimitExceededException", "slower")

    streams.open = refuse

    with pytest.raises(EngineRefused):
        poller_of(streams, function).poll_once()
    assert function.catch_ups == 0


def test_a_catch_up_that_fails_is_tried_again_a_bounded_number_of_times(poller_of, monkeypatch):
    monkeypatch.setattr("forgeledger.local.stream_poller.ERROR_PAUSE_SECONDS", 0)
    attempts = []

    def function(event, request_id=None):
        attempts.append(event)
        raise InvocationFailed("RuntimeError", "no", "r")

    poller = poller_of(FakeStreams(), function)
    poller._catch_up()

    assert attempts == [{"reconcile": {"running": True}}] * 5


def test_a_catch_up_goes_on_where_the_answer_says_that_it_stopped(poller_of):
    answers = [{"jobs": [], "after": "a"}, {"jobs": [], "after": "b"}, {"jobs": []}]
    requests = []

    def function(event, request_id=None):
        requests.append(event["reconcile"])
        return answers.pop(0)

    poller_of(FakeStreams(), function)._catch_up()

    assert requests == [
        {"running": True},
        {"running": True, "after": "a"},
        {"running": True, "after": "b"},
    ]


def test_a_catch_up_that_does_not_get_on_ends(poller_of):
    requests = []

    def function(event, request_id=None):
        requests.append(event)
        return {"after": "a"}

    poller_of(FakeStreams(), function)._catch_up()

    assert len(requests) == 2


def test_a_reader_that_is_asked_to_stop_leaves_the_rest_after_the_checkpoint(poller_of, tmp_path):
    streams = FakeStreams(*"abc")
    function = FakeFunction(b=1)
    poller = poller_of(streams, function)
    plain = function.__call__

    def stop_in_between(event, request_id=None):
        poller.halt()
        return plain(event, request_id)

    poller._invoke = stop_in_between
    poller.poll_once()

    assert function.batches == ["abc"]
    stored = CheckpointFile(tmp_path / "m.json").load()
    assert stored is not None
    assert stored.sequence_number == "1"


def test_the_checkpoint_moves_on_while_the_rest_of_a_batch_is_tried(poller_of, tmp_path):
    rule = RetryRule(maximum_retries=0, bisects=True)
    function = FakeFunction(d=1)
    function.raises = True
    seen = []
    poller = poller_of(FakeStreams(*"abcd"), function, retries=rule)

    def look(event, request_id=None):
        stored = CheckpointFile(tmp_path / "m.json").load()
        seen.append(stored.sequence_number if stored else None)
        return function(event, request_id)

    poller._invoke = look
    poller.poll_once()

    assert function.batches == ["abcd", "ab", "cd"]
    assert seen == ["", "", "2"]


def test_a_checkpoint_file_that_cannot_be_read_counts_as_lost(tmp_path):
    path = tmp_path / "m.json"
    file = CheckpointFile(path)
    absent = file.load()
    path.write_text('{"engine": ')

    unreadable = file.load()

    assert absent is None
    assert unreadable == Checkpoint(engine="", stream_arn="")
