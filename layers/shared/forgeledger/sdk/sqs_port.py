"""The calls of SQS that the SDK makes, for boto3's client and for fakes."""

from collections.abc import Mapping
from typing import Any, Protocol


class SqsSending(Protocol):
    """For a reporter; it needs sqs:SendMessage on the command queue."""

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]: ...


class SqsWorking(Protocol):
    """For a worker; it needs to receive, delete and change visibility on its work queue.

    It reads the attributes of the queue if it may.
    """

    def receive_message(self, **request: Any) -> Mapping[str, Any]: ...

    def delete_message_batch(self, **request: Any) -> Mapping[str, Any]: ...

    def change_message_visibility_batch(self, **request: Any) -> Mapping[str, Any]: ...

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]: ...
