"""The stream poller against a stream in memory: batches, their order and their retries."""

import json
import threading
import time

from forgeledger.local.engine_calls import EngineRefused
from forgeledger.local.stream_batches import RetryRule
from tests.support.fake_streams import FakeFunction, FakeStreams


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


def test_the_thread_goes_on_at_its_checkpoint_after_an_error_of_any_kind(poller_of):
    function = FakeFunction(b=1000)
    function.raises = True
    rule = RetryRule(maximum_retries=0, bisects=True)
    poller = poller_of(FakeStreams(*"ab"), function, retries=rule)
    sent = []

    def send_at_the_second_try(arn, body):
        sent.append(body)
        if len(sent) == 1:
            raise ConnectionError("the failure queue does not answer")
        poller.halt()

    poller._send_failure = send_at_the_second_try
    poller.start()
    poller.join(time.monotonic() + 60)

    assert function.batches == ["ab", "a", "b", "b"]
    assert len(sent) == 2


def test_a_nudge_ends_a_rest_before_its_time_and_only_one(poller_of):
    poller = poller_of(FakeStreams(), FakeFunction())
    rests = [threading.Thread(target=poller.rest, args=(600,), daemon=True) for _ in range(2)]

    poller.nudge()
    rests[0].start()
    rests[0].join(60)
    first_ended = not rests[0].is_alive()
    rests[1].start()
    rests[1].join(0.1)
    second_ended = not rests[1].is_alive()
    poller.halt()
    rests[1].join(60)

    assert (first_ended, second_ended) == (True, False)
    assert not rests[1].is_alive()
