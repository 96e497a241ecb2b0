"""The queue of wakes: each message names a row and comes at its second."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from forgeledger.aws.errors import NO_ANSWER, may_pass
from forgeledger.batched import batched
from forgeledger.clock.model.due import Due
from forgeledger.clock.model.next_look import delay_seconds
from forgeledger.errors import QueueRefused
from forgeledger.runtime import Runtime

_ENTRIES_PER_REQUEST: Final = 10
_TRIES: Final = 3


def wake_body(pk: str) -> str:
    return json.dumps({"wake": pk})


def woken_row(body: str) -> str:
    """The PK that a message names; raises LookupError, TypeError or ValueError otherwise."""
    pk = json.loads(body)["wake"]
    if not isinstance(pk, str):
        raise TypeError(f"wake is {type(pk).__name__}, not a text")
    return pk


class SqsWakeQueue:
    def __init__(self, client: Callable[[], Any], queue_url: str, runtime: Runtime) -> None:
        # A function: most invocations send no wake, and never need the client.
        self._client = client
        self._queue_url = queue_url
        self._runtime = runtime

    def send(self, wakes: Sequence[Due]) -> None:
        for part in batched(wakes, _ENTRIES_PER_REQUEST):
            self._send(part)

    def _send(self, wakes: Sequence[Due]) -> None:
        failure: Exception | None = None
        for tries in range(_TRIES):
            if failure is not None:
                self._runtime.pause(tries - 1)
            try:
                answer = self._request(wakes)
            except Exception as error:
                # One without an answer may have been sent, and the next tick sends it anyway.
                if isinstance(error, NO_ANSWER) or not may_pass(error):
                    raise
                failure = error
                continue
            refused = answer.get("Failed", ())
            if not refused:
                return
            wakes = [wakes[int(entry["Id"])] for entry in refused]
            failure = QueueRefused(self._queue_url, tuple(entry["Code"] for entry in refused))
        assert failure is not None
        raise failure

    def _request(self, wakes: Sequence[Due]) -> Any:
        now = self._runtime.clock()
        return self._client().send_message_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {
                    "Id": str(index),
                    "MessageBody": wake_body(wake.pk),
                    "DelaySeconds": delay_seconds(wake.at, now),
                }
                for index, wake in enumerate(wakes)
            ],
        )
