"""Work messages as SQS gets them: what they say, in which batches, and what is sent again."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from forgeledger.errors import OutOfTime, QueueRefused
from forgeledger.execution.messages.work_queue import SqsWorkQueue, url_of
from forgeledger.execution.model.flight import Handout
from forgeledger.jobs.model.jobs import DispatchSpec, Job
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import Runtime
from tests.support.builders import JOB_ID, NOW, make_job
from tests.support.one_by_one import one_by_one
from tests.support.time_left import always

URL = "https://queue"
RULES = LaneRules(dispatched=True, lease_seconds=300)


class Sqs:
    """Refuses each message as often as given, by its item."""

    def __init__(self, refusals: dict[str, int] | None = None, code: str = "Throttled") -> None:
        self.refusals, self.code = refusals or {}, code
        self.urls: list[str] = []
        self.batches: list[list[dict[str, Any]]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's spelling.
        self.urls.append(QueueUrl)
        failed, accepted = [], []
        for entry in Entries:
            item_id = json.loads(entry["MessageBody"]).get("itemId", "")
            if self.refusals.get(item_id, 0):
                self.refusals[item_id] -= 1
                failed.append({"Id": entry["Id"], "Code": self.code})
            else:
                accepted.append(entry)
        self.batches.append(accepted)
        return {"Successful": [{"Id": entry["Id"]} for entry in accepted], "Failed": failed}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(entry["MessageBody"]) for batch in self.batches for entry in batch]


def queue_of(client: Any, most_bytes: int = 1_048_576) -> SqsWorkQueue:
    runtime = Runtime(
        clock=lambda: NOW, sleep=lambda seconds: None, draw=lambda: 0.5, parallel=one_by_one
    )
    return SqsWorkQueue(lambda: client, URL, runtime, most_bytes)


def job_with(rules: LaneRules = RULES, **dispatch: Any) -> Job:
    return make_job(rules=rules, dispatch=DispatchSpec(**dispatch))


def handouts(number: int) -> list[Handout]:
    return [Handout(item_id=f"i{n}", attempt=1) for n in range(number)]


def test_a_message_says_what_its_worker_needs() -> None:
    sqs = Sqs()
    rules = LaneRules(dispatched=True, lease_seconds=60, run_seconds=90)
    handout = Handout(item_id="ü", attempt=2, kind="resize", payload='{"pages":3}')

    queue_of(sqs).send(job_with(rules), [handout], always)

    assert sqs.bodies == [
        {
            "jobId": JOB_ID,
            "itemId": "ü",
            "attempt": 2,
            "kind": "resize",
            "payload": {"pages": 3},
            "redelivery": "ledger",
            "leaseSeconds": 60,
            "runSeconds": 90,
            "sentAt": "2026-01-01T00:00:00.000Z",
        }
    ]
    (entry,) = sqs.batches[0]
    assert entry["MessageGroupId"] == JOB_ID
    assert entry["MessageBody"].isascii()
    assert "MessageDeduplicationId" not in entry


def test_messages_go_in_batches_of_ten() -> None:
    sqs = Sqs()

    queue_of(sqs).send(job_with(), handouts(23), always)

    assert [len(batch) for batch in sqs.batches] == [10, 10, 3]
    assert [body["itemId"] for body in sqs.bodies] == [f"i{n}" for n in range(23)]


def test_a_batch_is_no_larger_than_the_queue_takes() -> None:
    sqs = Sqs()
    large = [Handout(item_id=f"i{n}", attempt=1, payload=json.dumps("x" * 400)) for n in range(5)]

    queue_of(sqs, most_bytes=1_500).send(job_with(), large, always)

    sizes = [sum(len(entry["MessageBody"]) for entry in batch) for batch in sqs.batches]
    assert len(sqs.bodies) == 5
    assert max(sizes) <= 1_500


def test_several_items_share_a_message_where_the_job_says_so() -> None:
    sqs = Sqs()

    queue_of(sqs).send(job_with(items_per_message=3), handouts(7), always)

    shares = [[item["itemId"] for item in body["items"]] for body in sqs.bodies]
    assert shares == [["i0", "i1", "i2"], ["i3", "i4", "i5"], ["i6"]]
    assert "itemId" not in sqs.bodies[0]


def test_a_shared_message_is_no_larger_than_the_queue_takes() -> None:
    sqs = Sqs()
    large = [Handout(item_id=f"i{n}", attempt=1, payload=json.dumps("x" * 400)) for n in range(6)]

    queue_of(sqs, most_bytes=2_000).send(job_with(items_per_message=100), large, always)

    assert sum(len(body["items"]) for body in sqs.bodies) == 6
    assert max(len(json.dumps(body)) for body in sqs.bodies) <= 2_000


def test_the_queue_holds_back_what_is_not_due_yet_and_never_too_short() -> None:
    sqs = Sqs()
    due = [NOW - 5_000, NOW + 1, NOW + 1_000, NOW + 900_000]

    queue_of(sqs).send(
        job_with(), [Handout(item_id=str(at), attempt=1, due_at=at) for at in due], always
    )

    delays = [entry.get("DelaySeconds", 0) for entry in sqs.batches[0]]
    assert delays == [0, 1, 1, 900]


def test_on_a_fifo_queue_a_group_keeps_its_order_and_a_repetition_is_dropped() -> None:
    sqs = Sqs()
    arn = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
    items = [
        Handout(item_id="a", attempt=1, group="customer-7"),
        Handout(item_id="x" * 256, attempt=1),
        Handout(item_id="x" * 256, attempt=2, due_at=NOW + 5_000),
    ]

    queue_of(sqs).send(job_with(queue_arn=arn), items, always)

    a, first, second = sqs.batches[0]
    assert sqs.urls == ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo"]
    assert a["MessageGroupId"] == "customer-7"
    assert first["MessageGroupId"] == second["MessageGroupId"]
    assert len(first["MessageGroupId"]) == 32
    assert first["MessageDeduplicationId"] != second["MessageDeduplicationId"]
    assert "DelaySeconds" not in second


def test_a_fairness_key_is_the_group_on_a_standard_queue() -> None:
    sqs = Sqs()

    queue_of(sqs).send(job_with(fairness_key="acme"), handouts(1), always)

    assert sqs.batches[0][0]["MessageGroupId"] == "acme"


def test_what_the_queue_refuses_for_now_is_sent_again_alone() -> None:
    sqs = Sqs({"i1": 2})

    queue_of(sqs).send(job_with(), handouts(3), always)

    assert [len(batch) for batch in sqs.batches] == [2, 0, 1]
    assert sorted(body["itemId"] for body in sqs.bodies) == ["i0", "i1", "i2"]


@pytest.mark.parametrize("code", ["Throttled", "InvalidMessageContents"])
def test_what_the_queue_refuses_again_and_again_is_an_error(code: str) -> None:
    sqs = Sqs({"i1": 99}, code)

    with pytest.raises(QueueRefused, match=code):
        queue_of(sqs).send(job_with(), handouts(3), always)

    assert len(sqs.batches) == (6 if code == "Throttled" else 1)


class Unreachable(Sqs):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    def send_message_batch(self, **request: Any) -> Any:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().send_message_batch(**request)


def test_a_batch_whose_answer_was_lost_is_sent_again() -> None:
    sqs = Unreachable(EndpointConnectionError(endpoint_url=URL))

    queue_of(sqs).send(job_with(), handouts(1), always)

    assert len(sqs.bodies) == 1


def test_an_error_that_lasts_is_raised_at_once() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")

    with pytest.raises(ClientError, match="AccessDenied"):
        queue_of(Unreachable(denied)).send(job_with(), handouts(1), always)


def test_without_time_nothing_more_is_sent() -> None:
    sqs = Sqs()

    with pytest.raises(OutOfTime):
        queue_of(sqs).send(job_with(), handouts(1), lambda: False)

    assert sqs.batches == []


@pytest.mark.parametrize(
    ("arn", "url"),
    [
        ("arn:aws:sqs:us-east-1:1:q", "https://sqs.us-east-1.amazonaws.com/1/q"),
        ("arn:aws-cn:sqs:cn-north-1:1:q", "https://sqs.cn-north-1.amazonaws.com.cn/1/q"),
    ],
)
def test_a_queue_is_found_by_its_arn(arn: str, url: str) -> None:
    assert url_of(arn) == url
