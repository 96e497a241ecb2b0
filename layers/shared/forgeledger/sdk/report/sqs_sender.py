"""Send one SendMessageBatch, and read the result of each message from the response."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from forgeledger.aws.errors import is_passing_code, may_pass
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.sqs_port import SqsSending

# What a call to SQS may raise. The last one, for a truncated response, is no BotoCoreError.
CALL_ERRORS: Final = (BotoCoreError, ClientError, ResponseParserError)


class Sender:
    """Makes its client on first use, once in each process."""

    def __init__(self, queue_url: str, make_client: Callable[[], SqsSending]) -> None:
        self._queue_url = queue_url
        self._make_client = make_client
        self._client: SqsSending | None = None

    def forget_connections(self) -> None:
        """A forked child must not share its parent's sockets."""
        self._client = None

    def send(self, messages: Sequence[Message]) -> list[SendResult]:
        """A result for each message, in order."""
        try:
            if self._client is None:
                self._client = self._make_client()
            response = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[_entry(number, message) for number, message in enumerate(messages)],
            )
        except CALL_ERRORS as error:
            # SQS may have accepted the messages although its response was lost. Sending them again
            # is harmless: their deduplication ids are the same.
            status = SendStatus.AGAIN if may_pass(error) else SendStatus.STUCK
            return [SendResult(status=status, reason=str(error))] * len(messages)
        return _results(response, len(messages))


def _entry(number: int, message: Message) -> dict[str, str]:
    return {
        "Id": str(number),
        "MessageBody": message.body.decode(),
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication_id,
    }


def _results(response: Mapping[str, Any], count: int) -> list[SendResult]:
    missing = SendResult(status=SendStatus.AGAIN, reason="SQS did not answer for this message")
    results = [missing] * count
    for entry in response.get("Successful", ()):
        results[int(entry["Id"])] = SendResult(status=SendStatus.ACCEPTED)
    for entry in response.get("Failed", ()):
        results[int(entry["Id"])] = _result_of_failed(entry)
    return results


def _result_of_failed(entry: Mapping[str, Any]) -> SendResult:
    code = str(entry.get("Code", ""))
    reason = f"{code}: {entry.get('Message', '')}"
    if entry.get("SenderFault") and not is_passing_code(code):
        return SendResult(status=SendStatus.FAILED, reason=reason)
    return SendResult(status=SendStatus.AGAIN, reason=reason)
