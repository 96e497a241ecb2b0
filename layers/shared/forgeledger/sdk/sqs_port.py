"""The few calls of SQS that the SDK makes, so that boto3's client and a fake fit alike."""

from collections.abc import Mapping
from typing import Any, Protocol


class SqsSending(Protocol):
    """What a reporter needs: permission for sqs:SendMessage on the command queue."""

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]: ...


class SqsWorking(Protocol):
    """What a worker needs on its work queue: receive, delete and change visibility."""

    def receive_message(self, **request: Any) -> Mapping[str, Any]: ...

    def delete_message_batch(self, **request: Any) -> Mapping[str, Any]: ...

    def change_message_visibility_batch(self, **request: Any) -> Mapping[str, Any]: ...
