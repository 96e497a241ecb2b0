import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from forgeledger.sdk.report.outbox import SendStatus
from forgeledger.sdk.report.packer import message_of
from forgeledger.sdk.report.sqs_sender import Sender, may_pass
from tests.support.fake_queues import FakeCommandQueue, Fault, denied, throttled
from tests.support.sdk_commands import make_command


def make_messages(*items):
    return [message_of((make_command(item_id=item),)) for item in items]


def send(fault, *items):
    queue = FakeCommandQueue(fault=lambda number, entries: fault)
    return [result.status for result in Sender("q", lambda: queue).send(make_messages(*items))]


def test_each_entry_has_its_own_answer():
    fault = Fault(
        refused=frozenset({1}), refused_for_good=frozenset({2}), unanswered=frozenset({3})
    )

    answers = send(fault, "a", "b", "d", "e")

    assert answers == [SendStatus.ACCEPTED, SendStatus.AGAIN, SendStatus.FAILED, SendStatus.AGAIN]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(raises=throttled()), SendStatus.AGAIN),
        (Fault(raises=throttled("RequestThrottled")), SendStatus.AGAIN),
        (Fault(raises=throttled("Whatever", 503)), SendStatus.AGAIN),
        (Fault(raises=throttled("Whatever", 429)), SendStatus.AGAIN),
        (Fault.lost_answer(), SendStatus.AGAIN),
        (Fault.half_an_answer(), SendStatus.AGAIN),
        (Fault.unreachable(), SendStatus.AGAIN),
        (Fault(raises=denied()), SendStatus.STUCK),
        (Fault(raises=NoCredentialsError()), SendStatus.STUCK),
    ],
)
def test_a_failed_call_answers_for_all_its_messages(fault, answer):
    assert send(fault, "a", "b") == [answer, answer]


def test_an_entry_that_is_throttled_is_tried_again_although_it_is_called_our_fault():
    class Throttling:
        def send_message_batch(self, **request):
            return {"Failed": [{"Id": "0", "Code": "KmsThrottled", "SenderFault": True}]}

    (result,) = Sender("q", Throttling).send(make_messages("a"))

    assert result.status is SendStatus.AGAIN
    assert result.reason.startswith("KmsThrottled")


def test_an_error_without_a_code_is_not_taken_for_a_passing_one():
    assert not may_pass(ClientError({}, "SendMessageBatch"))


def test_the_client_is_made_once_and_again_after_a_fork():
    made = []

    def make():
        made.append(FakeCommandQueue())
        return made[-1]

    sender = Sender("q", make)
    sender.send(make_messages("a"))
    sender.send(make_messages("b"))
    sender.forget_connections()
    sender.send(make_messages("c"))

    assert [len(queue.calls) for queue in made] == [2, 1]


def test_what_is_sent_names_its_group_and_is_known_again_by_its_content():
    queue = FakeCommandQueue()
    sender = Sender("q", lambda: queue)
    (message,) = make_messages("a")

    sender.send([message])
    sender.send([message])
    sender.send(make_messages("b"))

    first, second, third = (call[0] for call in queue.calls)
    assert first == second
    assert first["MessageGroupId"] == message.group
    assert third["MessageDeduplicationId"] != first["MessageDeduplicationId"]
