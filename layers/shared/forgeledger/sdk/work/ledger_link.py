"""How a worker hears from the ledger: claims that it asks for, and jobs that have ended."""

import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.api.item_commands import ItemCommands
from forgeledger.sdk.api.transport import PooledTransport
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import WrongAddressError
from forgeledger.sdk.json_decoder import job_of
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.report.lane_buffer import OnDelivery
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.seams import Seams
from forgeledger.sdk.ticker import Ticker
from forgeledger.sdk.work.claim_answer import Admission
from forgeledger.sdk.work.ended_items import EndedItems
from forgeledger.sdk.work.item_claims import ItemClaims
from forgeledger.sdk.work.job_watch import JobWatch
from forgeledger.sdk.work.linked_item import LinkedItem
from forgeledger.sdk.work.work_message import WorkMessage
from forgeledger.sdk.work.worker_options import ClaimMode

_log = logging.getLogger("forgeledger.sdk")

_CLAIM_SECONDS: Final = 10.0
_LOOKUP_SECONDS: Final = 5.0
# How often it is checked whether a lookup is due.
_TICK_SECONDS: Final = 1.0
_RUN: Final = Admission(action="run")
# Why a claim is refused of an item, or of a new one, whose lane is still to be resumed.
_UNTIL_RESUMED: Final = frozenset({"already_canceled", "job_closed"})


class LedgerLink:
    """One per worker process. Without the address of an API it hears nothing and asks nothing."""

    def __init__(self, endpoints: Endpoints, mode: ClaimMode, seams: Seams) -> None:
        self.clock = seams.clock
        # Of a Lambda function: how long its handler may still wait for answers.
        self.seconds_left: Callable[[], float] = lambda: math.inf
        self._lock = threading.Lock()
        self._running: set[LinkedItem] = set()
        # Of messages that the ledger sent: which items ended, and in which delivery.
        self._over = EndedItems()
        self._ticker = Ticker("forgeledger-lookups", seams.clock)
        self.watch: JobWatch | None = None
        self.claims: ItemClaims | None = None
        if mode == "ask":
            endpoints.needed_api_url()
        if not endpoints.api_url:
            return
        transport = seams.transport or PooledTransport()

        def client(tries: int, timeout_seconds: float) -> ApiClient:
            return ApiClient(
                endpoints.needed_api_url(),
                transport,
                api_key=endpoints.api_key,
                backoff=Backoff(attempts=tries, first_seconds=0.2, most_seconds=2.0),
                sleep=seams.sleep,
                timeout_seconds=timeout_seconds,
                seconds_left=self._seconds_left,
            )

        try:
            once = client(1, _LOOKUP_SECONDS)
        except WrongAddressError as error:
            if mode == "ask":
                raise
            _log.warning("whether jobs have ended cannot be looked up: %s", error)
            return
        self.watch = JobWatch(
            lambda job_id: job_of(once.get("jobs", job_id)),
            clock=seams.clock,
            utc_now=seams.utc_now,
        )
        if mode == "ask":
            claiming = ItemCommands(client(3, _CLAIM_SECONDS))
            self.claims = ItemClaims(claiming, ItemCommands(once), clock=seams.clock)

    def _seconds_left(self) -> float:
        return self.seconds_left()

    def _is_resuming(self, job_id: str) -> bool:
        return self.watch is not None and self.watch.is_resuming(job_id)

    def admit(
        self, work: WorkMessage, sent_at: float | None, worker_id: str, lease_seconds: int | None
    ) -> Admission:
        """Whether the item's handler may begin, by the ledger's answer or by lookups."""
        if self._was_over(work):
            admission = Admission(action="drop", reason="its end is sent")
        elif self.claims is not None:
            admission = self.claims.claim(work, worker_id, lease_seconds)
            if admission.reason in _UNTIL_RESUMED and self._is_resuming(work.job_id):
                admission = replace(admission, action="hand_back")
        elif self.watch is not None and self.watch.had_ended(work.job_id, sent_at):
            admission = Admission(action="drop", reason="its job has ended")
        else:
            return _RUN
        if admission.action != "run":
            does = "dropped" if admission.action == "drop" else "handed back"
            _log.info("%s is not begun and its message %s: %s", work, does, admission.reason)
        return admission

    def _was_over(self, work: WorkMessage) -> bool:
        """Whether the item ended here in the latest delivery: others need the message again.

        If there was another delivery since, its worker may have taken the item over. Then the end
        that was sent from here is void, and the message is still needed.
        """
        over_in = self._over.latest(work)
        was_over = over_in is not None and work.deliveries == over_in + 1
        if was_over:
            self.note_over(work)
        return was_over

    def note_over(self, work: WorkMessage) -> None:
        if work.dispatch is not None:
            self._over.note(work, work.deliveries)

    def item(
        self,
        reporter: Reporter,
        work: WorkMessage,
        admission: Admission,
        *,
        fenced: bool,
        lease_seconds: int | None,
        heartbeat_seconds: float | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> ItemWork:
        """The work on an admitted item; an item that was asked for carries its granted attempt."""
        linked = LinkedItem(self, work, admission, lease_seconds)

        def settle(delivered: bool) -> None:
            linked.settle(delivered)
            if on_delivery is not None:
                on_delivery(delivered)

        try:
            return reporter.item(
                work.job_id,
                work.item_id,
                attempt=work.attempt if admission.attempt is None else admission.attempt,
                dispatch=work.dispatch,
                fenced=fenced or linked.is_claimed or work.dispatch is not None,
                lease_seconds=lease_seconds,
                heartbeat_seconds=heartbeat_seconds,
                kind=work.kind,
                payload=work.payload,
                on_delivery=settle,
                link=linked,
            )
        except BaseException:
            # A wrong setting: the item must not stay at work here for ever.
            linked.settle(delivered=False)
            raise

    def pause_seconds(self) -> float:
        """How long no message should be received, because no claim would be answered."""
        return 0.0 if self.claims is None else self.claims.pause_seconds()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While the block runs, the jobs of running items are looked up when their turn comes."""
        with self._ticker.every(None if self.watch is None else _TICK_SECONDS, self._look):
            yield

    def begin(self, item: LinkedItem) -> None:
        with self._lock:
            self._running.add(item)

    def end(self, item: LinkedItem) -> None:
        with self._lock:
            self._running.discard(item)

    def _look(self) -> None:
        if self.watch is None:
            return
        with self._lock:
            running = list(self._running)
        jobs: dict[str, bool] = {}
        for item in running:
            jobs[item.job_id] = jobs.get(item.job_id, False) or item.needs_lease()
        self.watch.look(jobs)
        for item in running:
            item.hear_lease()
