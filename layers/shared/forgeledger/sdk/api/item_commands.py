"""A worker's commands over HTTP: slower than the queue, but answered at once."""

from typing import Any

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.command import FailedBy, Failure
from forgeledger.sdk.errors import ApiError
from forgeledger.sdk.json_decoder import answer_of
from forgeledger.sdk.records import CommandAnswer


class ItemCommands:
    """A refused command is an answer with a reason, not an error."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def claim(
        self,
        job_id: str,
        item_id: str,
        *,
        worker_id: str | None = None,
        attempt: int | None = None,
        lease_seconds: int | None = None,
    ) -> CommandAnswer:
        """Whether the item is ours; for workers that must not both begin."""
        return self._send(
            "claim",
            job_id,
            item_id,
            workerId=worker_id,
            attempt=attempt,
            leaseSeconds=lease_seconds,
        )

    def heartbeat(
        self,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None = None,
        lease_seconds: int | None = None,
    ) -> CommandAnswer:
        return self._send("heartbeat", job_id, item_id, attempt=attempt, leaseSeconds=lease_seconds)

    def complete(
        self, job_id: str, item_id: str, *, attempt: int | None = None, result: Any = None
    ) -> CommandAnswer:
        return self._send("complete", job_id, item_id, attempt=attempt, result=result)

    def fail(
        self,
        job_id: str,
        item_id: str,
        error: FailedBy,
        *,
        attempt: int | None = None,
    ) -> CommandAnswer:
        failure = Failure.of(error)
        return self._send("fail", job_id, item_id, attempt=attempt, error=failure.fields())

    def release(self, job_id: str, item_id: str, *, attempt: int | None = None) -> CommandAnswer:
        return self._send("release", job_id, item_id, attempt=attempt)

    def retry(self, job_id: str, item_id: str) -> CommandAnswer:
        """A failed item gets another chance; a finished job is reopened by it."""
        return self._send("retry", job_id, item_id)

    def _send(self, command: str, job_id: str, item_id: str, **fields: Any) -> CommandAnswer:
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            body = self._api.post("jobs", job_id, "items", item_id, command, body=given)
        except ApiError as error:
            body = error.problem.raw
            if body.get("outcome") != "rejected":
                raise
            return answer_of({"reason": error.code, **body})
        return answer_of(body)
