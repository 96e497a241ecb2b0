"""Only the messages that succeeded may be deleted after a batch."""

import pytest

from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.queue_batches import chunks_by_size, run_batch


def a_record(name, group="g", body="{}"):
    return {"messageId": name, "body": body, "attributes": {"MessageGroupId": group}}


def ids(records):
    return [record["messageId"] for record in records]


def failing(*names):
    def invoke(event):
        failures = [
            {"itemIdentifier": record["messageId"]}
            for record in event["Records"]
            if record["messageId"] in names
        ]
        return {"batchItemFailures": failures}

    return invoke


def test_all_is_deleted_after_a_success():
    done = run_batch([a_record("a"), a_record("b")], failing(), reports_failures=True)

    assert ids(done) == ["a", "b"]


def test_only_the_failed_ones_are_returned():
    done = run_batch([a_record("a"), a_record("b")], failing("a"), reports_failures=True)

    assert ids(done) == ["b"]


@pytest.mark.parametrize("answer", ["text", {"batchItemFailures": [{"itemIdentifier": ""}]}])
def test_nothing_is_deleted_after_a_response_that_makes_no_sense(answer):
    assert run_batch([a_record("a")], lambda event: answer, reports_failures=True) == []


def test_nothing_is_deleted_after_a_crash():
    def crash(event):
        raise InvocationFailed("Runtime.ExitError", "killed", "r-1")

    assert run_batch([a_record("a")], crash, reports_failures=True) == []


def test_a_mapping_that_does_not_report_failures_ignores_the_response():
    done = run_batch([a_record("a")], failing("a"), reports_failures=False)

    assert ids(done) == ["a"]


def test_a_batch_is_cut_where_its_event_would_be_too_large():
    records = [a_record(name, body="x" * 1000) for name in "abc"]

    assert [ids(chunk) for chunk in chunks_by_size(records, 2_400)] == [["a", "b"], ["c"]]
    assert [ids(chunk) for chunk in chunks_by_size(records, 1)] == [["a"], ["b"], ["c"]]


def test_a_group_that_failed_in_one_part_is_held_back_in_the_next():
    records = [
        a_record("a", "g", "x" * 1000),
        a_record("b", "g", "x" * 1000),
        a_record("c", "h", "x" * 1000),
    ]
    seen = []

    def invoke(event):
        seen.append(ids(event["Records"]))
        return failing("a")(event)

    done = run_batch(records, invoke, reports_failures=True, limit_bytes=1)

    assert seen == [["a"], ["c"]]
    assert ids(done) == ["c"]


def test_messages_without_a_group_do_not_hold_each_other_back():
    records = [{"messageId": name, "body": "{}", "attributes": {}} for name in "ab"]

    done = run_batch(records, failing("a"), reports_failures=True, limit_bytes=1)

    assert ids(done) == ["b"]
