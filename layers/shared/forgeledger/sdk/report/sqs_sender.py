"""One SendMessageBatch, and what its answer means for each message."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from forgeledger.aws.errors import is_passing_code, may_pass
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.sqs_port import SqsSending

# What a call to SQS may raise: the last one, for half an answer, is no BotoCoreError.
CALL_ERRORS: Final = (BotoCoreError, ClientError, ResponseParserError)


class Sender:
    """Sends through a client that is made on first use, in this process and in each fork anew."""

    def __init__(self, queue_url: str, make_client: Callable[[], SqsSending]) -> None:
        self._queue_url = queue_url
        self._make_client = make_client
        self._client: SqsSending | None = None

    def forget_connections(self) -> None:
        """A fork must not share its parent's sockets."""
        self._client = None

    def send(self, messages: Sequence[Message]) -> list[SendResult]:
        """A verdict for each message, in order."""
        try:
            if self._client is None:
                self._client = self._make_client()
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[_entry(number, message) for number, message in enumerate(messages)],
            )
        except CALL_ERRORS as error:
            # Perhaps SQS has the messages and only its answer was lost: the deduplication id makes
            # sending them a second time harmless.
            verdict = SendStatus.AGAIN if may_pass(error) else SendStatus.STUCK
            return [SendResult(answer=verdict, reason=str(error))] * len(messages)
        return _verdicts(answer, len(messages))


def _entry(number: int, message: Message) -> dict[str, str]:
    return {
        "Id": str(number),
        "MessageBody": message.body.decode(),
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication_id,
    }


def _verdicts(answer: Mapping[str, Any], count: int) -> list[SendResult]:
    unanswered = SendResult(answer=SendStatus.AGAIN, reason="SQS did not answer for this message")
    verdicts = [unanswered] * count
    for entry in answer.get("Successful", ()):
        verdicts[int(entry["Id"])] = SendResult(answer=SendStatus.ACCEPTED)
    for entry in answer.get("Failed", ()):
        verdicts[int(entry["Id"])] = _verdict_on_entry(entry)
    return verdicts


def _verdict_on_entry(entry: Mapping[str, Any]) -> SendResult:
    code = str(entry.get("Code", ""))
    reason = f"{code}: {entry.get('Message', '')}"
    if entry.get("SenderFault") and not is_passing_code(code):
        return SendResult(answer=SendStatus.FAILED, reason=reason)
    return SendResult(answer=SendStatus.AGAIN, reason=reason)
