"""The stream reader against a stream in memory: order, retries, checkpoints, lost streams."""

import json
import time

import pytest

from forgeledger.local.checkpoints import Checkpoint, CheckpointFile
from forgeledger.local.engine_calls import (
    DESCRIBE_STREAM,
    OPEN_SHARD,
    READ_SHARD,
    EngineRefused,
)
from forgeledger.local.stack import StreamMapping
from forgeledger.local.stream_batches import RetryRule
from forgeledger.local.stream_poller import StreamPoller
from forgeledger.local.worker import InvocationFailed

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s"


class FakeStreams:
    """A stream of one shard; an iterator is the index of the next record."""

    def __init__(self, *names, trimmed=0):
        self.records = [
            {
                "eventID": name,
                "eventName": "INSERT",
                "dynamodb": {"SequenceNumber": str(number), "Keys": {"SK": {"S": name}}},
            }
            for number, name in enumerate(names, start=1)
        ]
        self.trimmed = trimmed
        self.opened = []

    def __call__(self, target, request):
        answer = {DESCRIBE_STREAM: self.describe, OPEN_SHARD: self.open, READ_SHARD: self.read}
        return answer[target](request)

    def describe(self, request):
        return {"StreamDescription": {"Shards": [{"ShardId": "shard-1"}]}}

    def open(self, request):
        kind = request["ShardIteratorType"]
        self.opened.append(kind)
        if kind == "LATEST":
            return {"ShardIterator": str(len(self.records))}
        if kind == "TRIM_HORIZON":
            return {"ShardIterator": str(self.trimmed)}
        number = int(request["SequenceNumber"])
        if number <= self.trimmed:
            raise EngineRefused("TrimmedDataAccessException", "gone")
        return {"ShardIterator": str(number)}

    def read(self, request):
        start = int(request["ShardIterator"])
        page = self.records[start : start + request["Limit"]]
        return {"Records": page, "NextShardIterator": str(start + len(page))}


class FakeFunction:
    """Remembers what it was given; a poison name fails as often as its number says."""

    def __init__(self, **poison):
        self.poison = dict(poison)
        self.batches = []
        self.catch_ups = 0
        self.raises = False

    def __call__(self, event, request_id=None):
        if "reconcile" in event:
            self.catch_ups += 1
            return None
        names = [record["eventID"] for record in event["Records"]]
        self.batches.append("".join(names))
        for record in event["Records"]:
            if self.poison.get(record["eventID"], 0) > 0:
                self.poison[record["eventID"]] -= 1
                if self.raises:
                    raise InvocationFailed("RuntimeError", "no", "r")
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
        return {}


@pytest.fixture
def poller_of(tmp_path):
    def build(streams, function, *, engine="run-1", sent=None, **options):
        options = {"starting_position": "TRIM_HORIZON", "reports_failures": True, **options}
        mapping = StreamMapping(
            mapping_id="m",
            function="RelayFunction",
            stream_arn=ARN,
            on_failure_arn="arn:aws:sqs:us-east-1:000000000000:failures",
            **options,
        )
        return StreamPoller(
            mapping,
            function,
            streams,
            function_arn="arn:function",
            engine=engine,
            checkpoints=CheckpointFile(tmp_path / "m.json"),
            send_failure=lambda arn, body: (sent if sent is not None else []).append((arn, body)),
        )

    return build


def test_records_arrive_in_batches_and_in_order(poller_of):
    function = FakeFunction()
    poller = poller_of(FakeStreams(*"abcde"), function, batch_size=2)

    taken = [poller.poll_once(), poller.poll_once()]

    assert taken == [5, 0]
    assert function.batches == ["ab", "cd", "e"]


def test_only_records_that_pass_the_filter_wake_the_function(poller_of):
    function = FakeFunction()
    patterns = ({"dynamodb": {"Keys": {"SK": {"S": ["b"]}}}},)
    poller = poller_of(FakeStreams(*"abc"), function, patterns=patterns)

    poller.poll_once()

    assert function.batches == ["b"]


def test_a_batch_goes_on_at_its_first_failed_record(poller_of):
    function = FakeFunction(b=1)
    poller = poller_of(FakeStreams(*"abc"), function)

    poller.poll_once()

    assert function.batches == ["abc", "bc"]


def test_an_exception_fails_the_whole_batch(poller_of):
    function = FakeFunction(b=1)
    function.raises = True
    poller = poller_of(FakeStreams(*"abc"), function)

    poller.poll_once()

    assert function.batches == ["abc", "abc"]


def test_a_response_that_makes_no_sense_fails_the_whole_batch(poller_of):
    answers = ["text", {}]
    seen = []

    def function(event, request_id=None):
        seen.append(len(event["Records"]))
        return answers.pop(0)

    poller_of(FakeStreams(*"ab"), function).poll_once()

    assert seen == [2, 2]


def test_a_mapping_that_does_not_report_failures_ignores_the_response(poller_of):
    function = FakeFunction(b=1)

    poller_of(FakeStreams(*"abc"), function, reports_failures=False).poll_once()

    assert function.batches == ["abc"]


def test_bisecting_finds_the_poison_record_and_gives_up_that_one_alone(poller_of):
    function, sent = FakeFunction(c=1000), []
    function.raises = True
    rule = RetryRule(maximum_retries=0, bisects=True)
    poller = poller_of(FakeStreams(*"abcd"), function, retries=rule, sent=sent)

    poller.poll_once()

    assert function.batches == ["abcd", "ab", "cd", "c", "d"]
    assert len(sent) == 1
    message = json.loads(sent[0][1])
    assert message["DDBStreamBatchInfo"]["startSequenceNumber"] == "3"
    assert message["DDBStreamBatchInfo"]["batchSize"] == 1
    assert message["requestContext"]["approximateInvokeCount"] == 1


def test_records_that_are_too_old_are_given_up_without_an_invocation(poller_of):
    function, sent = FakeFunction(), []
    rule = RetryRule(maximum_age_seconds=60)
    streams = FakeStreams(*"ab")
    streams.records[0]["dynamodb"]["ApproximateCreationDateTime"] = 0.0
    streams.records[1]["dynamodb"]["ApproximateCreationDateTime"] = 1e12

    poller_of(streams, function, retries=rule, sent=sent).poll_once()

    assert function.batches == ["b"]
    assert json.loads(sent[0][1])["requestContext"]["condition"] == "RecordAgeExceeded"


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
    wishes = []

    def function(event, request_id=None):
        wishes.append(event["reconcile"])
        return answers.pop(0)

    poller_of(FakeStreams(), function)._catch_up()

    assert wishes == [
        {"running": True},
        {"running": True, "after": "a"},
        {"running": True, "after": "b"},
    ]


def test_a_catch_up_that_does_not_get_on_ends(poller_of):
    wishes = []

    def function(event, request_id=None):
        wishes.append(event)
        return {"after": "a"}

    poller_of(FakeStreams(), function)._catch_up()

    assert len(wishes) == 2


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


def test_a_window_fills_a_batch(poller_of):
    streams, function = FakeStreams(*"ab"), FakeFunction()
    poller = poller_of(streams, function, batch_size=3, window_seconds=30)
    read = streams.read

    def arrive_late(request):
        page = read(request)
        streams.records = FakeStreams(*"abc").records
        return page

    streams.read = arrive_late
    poller.poll_once()

    assert function.batches == ["abc"]


def test_a_window_starts_with_the_first_record_that_passes_the_filter(poller_of):
    function = FakeFunction()
    patterns = ({"dynamodb": {"Keys": {"SK": {"S": ["z"]}}}},)
    poller = poller_of(FakeStreams(*"abc"), function, patterns=patterns, window_seconds=600)

    assert poller.poll_once() == 3
    assert function.batches == []


def test_a_halt_ends_the_wait_for_a_full_batch(poller_of):
    function = FakeFunction()
    poller = poller_of(FakeStreams("a"), function, window_seconds=600)
    poller.halt()

    poller.poll_once()

    assert function.batches == []


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


def test_the_thread_runs_until_it_is_halted_and_survives_an_engine_that_fails(poller_of):
    streams, function = FakeStreams(*"ab"), FakeFunction()
    failures = [EngineRefused("InternalServerError", "no")]
    describe = streams.describe

    def fail_once(request):
        if failures:
            raise failures.pop()
        return describe(request)

    streams.describe = fail_once
    poller = poller_of(streams, function)

    def halt_after(event, request_id=None):
        poller.halt()
        return function(event, request_id)

    poller._invoke = halt_after
    poller.start()
    poller.join(time.monotonic() + 60)

    assert function.batches == ["ab"]


def test_a_checkpoint_file_that_cannot_be_read_counts_as_lost(tmp_path):
    path = tmp_path / "m.json"
    file = CheckpointFile(path)
    absent = file.load()
    path.write_text('{"engine": ')

    unreadable = file.load()

    assert absent is None
    assert unreadable == Checkpoint(engine="", stream_arn="")
