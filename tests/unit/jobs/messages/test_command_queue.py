import pytest

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.messages.command_queue import SqsCommandQueue
from forgeledger.jobs.messages.sqs_records import read_messages
from forgeledger.jobs.model.message import Message
from tests.support.builders import NOW
from tests.support.function_stage import sample


class Queue:
    def __init__(self) -> None:
        self.requests: list[dict[str, object]] = []

    def change_message_visibility_batch(self, **request: object) -> None:
        self.requests.append(request)


def make_message(number: int) -> Message:
    return Message(
        message_id=f"m{number}",
        source_id=f"m{number}",
        group_id="g",
        sent_at=NOW,
        text="{}",
        body=decode("{}", "m"),
        receipt=f"r{number}",
    )


def test_messages_are_delayed_by_their_receipts_ten_in_a_request() -> None:
    queue = Queue()

    SqsCommandQueue(lambda: queue, "url").delay([(make_message(n), n) for n in range(11)])

    assert [request["QueueUrl"] for request in queue.requests] == ["url", "url"]
    first, second = (request["Entries"] for request in queue.requests)
    assert (len(first), first[3]) == (
        10,
        {"Id": "3", "ReceiptHandle": "r3", "VisibilityTimeout": 3},
    )
    assert second == [{"Id": "0", "ReceiptHandle": "r10", "VisibilityTimeout": 10}]


def test_a_message_has_the_receipt_the_receives_and_the_first_id_of_its_record() -> None:
    (record, *_) = sample("intake-claim-complete")["Records"]
    first_id = {"sourceMessageId": {"stringValue": "o1", "dataType": "String"}}
    redriven = {**record, "messageAttributes": first_id}

    plain, moved = read_messages({"Records": [record, redriven]})

    assert (plain.receipt, plain.receives) == (record["receiptHandle"], 1)
    assert (plain.source_id, moved.source_id) == (record["messageId"], "o1")
    assert moved.message_id == record["messageId"]
    assert plain.body.commands[0].command.command_id != moved.body.commands[0].command.command_id


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ({"stringValue": "x" * 128, "dataType": "String"}, True),
        ({"stringValue": "x" * 129, "dataType": "String"}, False),
        ({"stringValue": "", "dataType": "String"}, False),
        ({"binaryValue": "eA==", "dataType": "Binary"}, False),
    ],
)
def test_a_first_id_that_no_message_can_have_is_ignored(
    given: dict[str, str], is_taken: bool
) -> None:
    (record, *_) = sample("intake-claim-complete")["Records"]

    (message,) = read_messages(
        {"Records": [{**record, "messageAttributes": {"sourceMessageId": given}}]}
    )

    assert message.source_id == (given["stringValue"] if is_taken else record["messageId"])
