"""One method for each kind of command that a worker reports."""

from abc import ABC, abstractmethod
from typing import Any

from forgeledger.sdk.failure import FailedBy, Failure
from forgeledger.sdk.records import JobRef
from forgeledger.sdk.report.lane_buffer import OnDelivery


class CommandReports(ABC):
    """`attempt` and `dispatch` are those of the work message: they fence an earlier worker off."""

    @abstractmethod
    def report(self, *_: Any, **__: Any) -> None: ...

    def claim(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Work on the item begins."""
        self.report(
            "claim",
            job,
            item_id,
            attempt=attempt,
            dispatch=dispatch,
            lease_seconds=lease_seconds,
            on_delivery=on_delivery,
        )

    def heartbeat(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
        block_seconds: float | None = None,
    ) -> None:
        """Work goes on; the lease is renewed."""
        self.report(
            "heartbeat",
            job,
            item_id,
            attempt=attempt,
            dispatch=dispatch,
            lease_seconds=lease_seconds,
            block_seconds=block_seconds,
        )

    def complete(
        self,
        job: JobRef,
        item_id: str,
        *,
        result: Any = None,
        attempt: int | None = None,
        dispatch: int | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """The item is done."""
        self.report(
            "complete",
            job,
            item_id,
            attempt=attempt,
            dispatch=dispatch,
            result=result,
            on_delivery=on_delivery,
        )

    def fail(
        self,
        job: JobRef,
        item_id: str,
        error: FailedBy,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        retry_after_seconds: int | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """The item failed; the ledger decides whether it is retried.

        retry_after_seconds: how long it waits then, in place of the policy's backoff.
        """
        self.report(
            "fail",
            job,
            item_id,
            attempt=attempt,
            dispatch=dispatch,
            failure=Failure.of(error),
            retry_after_seconds=retry_after_seconds,
            on_delivery=on_delivery,
        )

    def release(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        on_delivery: OnDelivery | None = None,
        block_seconds: float | None = None,
    ) -> None:
        """The item is given back unfinished; the attempt does not count."""
        self.report(
            "release",
            job,
            item_id,
            attempt=attempt,
            dispatch=dispatch,
            on_delivery=on_delivery,
            block_seconds=block_seconds,
        )
