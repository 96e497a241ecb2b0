"""A worker's commands over HTTP: slower than the queue, but with an immediate answer."""

from typing import Any

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.command_encoder import named
from forgeledger.sdk.errors import ApiError
from forgeledger.sdk.failure import FailedBy, Failure
from forgeledger.sdk.json_decoder import answer_of
from forgeledger.sdk.records import CommandAnswer, JobRef, job_id_of


class ItemCommands:
    """A rejected command is an answer with a reason, not an error."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def claim(
        self,
        job: JobRef,
        item_id: str,
        *,
        worker_id: str | None = None,
        attempt: int | None = None,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
    ) -> CommandAnswer:
        """For workers of which only one may begin: the answer says whether the item is yours."""
        fields = named(
            worker_id=worker_id, attempt=attempt, dispatch=dispatch, lease_seconds=lease_seconds
        )
        return self._send("claim", job, item_id, fields)

    def heartbeat(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
    ) -> CommandAnswer:
        fields = named(attempt=attempt, dispatch=dispatch, lease_seconds=lease_seconds)
        return self._send("heartbeat", job, item_id, fields)

    def complete(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        result: Any = None,
    ) -> CommandAnswer:
        fields = named(attempt=attempt, dispatch=dispatch, result=result)
        return self._send("complete", job, item_id, fields)

    def fail(
        self,
        job: JobRef,
        item_id: str,
        error: FailedBy,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> CommandAnswer:
        """`retry_after_seconds`: how long it waits, in place of the policy's backoff."""
        failure = Failure.of(error)
        if retry_after_seconds is None:
            retry_after_seconds = failure.retry_after_seconds
        fields = named(
            attempt=attempt,
            dispatch=dispatch,
            error=failure.fields(),
            retry_after_seconds=retry_after_seconds,
        )
        return self._send("fail", job, item_id, fields)

    def release(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
    ) -> CommandAnswer:
        return self._send("release", job, item_id, named(attempt=attempt, dispatch=dispatch))

    def retry(self, job: JobRef, item_id: str) -> CommandAnswer:
        """Gives a failed item another try; this reopens a finished job."""
        return self._send("retry", job, item_id, {})

    def expire(self, job: JobRef, item_id: str, *, attempt: int | None = None) -> CommandAnswer:
        """Ends a claim whose lease is over, as a failed attempt; before that it does nothing."""
        return self._send("expire", job, item_id, named(attempt=attempt))

    def cancel(self, job: JobRef, item_id: str, *, attempt: int | None = None) -> CommandAnswer:
        """Cancels an unfinished item: it is an end like any other, and no failure."""
        return self._send("cancel", job, item_id, named(attempt=attempt))

    def _send(
        self, command: str, job: JobRef, item_id: str, fields: dict[str, Any]
    ) -> CommandAnswer:
        try:
            body = self._api.post("jobs", job_id_of(job), "items", item_id, command, body=fields)
        except ApiError as error:
            body = error.problem.raw
            if body.get("outcome") != "rejected":
                raise
            return answer_of({"reason": error.code, **body})
        return answer_of(body)
