"""The ledger over HTTP: create jobs, register items, read what became of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from forgeledger.jobs.model.limits import ITEMS_PER_REGISTRATION
from forgeledger.sdk.api.api_client import ApiClient, checked_key
from forgeledger.sdk.api.item_commands import ItemCommands
from forgeledger.sdk.api.item_input import ItemSpec, check_flag, check_many, checked_items
from forgeledger.sdk.api.job_wait import Polling, wait_until_finished
from forgeledger.sdk.api.ledger_reads import LedgerReads
from forgeledger.sdk.api.registration import (
    Chunk,
    OnProgress,
    RegistrationOptions,
    chunks,
    register_all,
)
from forgeledger.sdk.api.row_pages import first_row
from forgeledger.sdk.api.time_input import time_text
from forgeledger.sdk.api.transport import PooledTransport
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import EmptySealError
from forgeledger.sdk.json_decoder import job_of, registration_of
from forgeledger.sdk.records import Job, JobRef, Registration, job_id_of
from forgeledger.sdk.seams import Seams


class Ledger(LedgerReads):
    """Thread-safe. Every call is retried where that may help, and else raises a typed error."""

    _seams = Seams()

    def __init__(
        self,
        *,
        api_url: str | None = None,
        api_key: str | None = None,
        endpoints: Endpoints | None = None,
        local: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        if endpoints is None:
            endpoints = Endpoints.local() if local else Endpoints.from_environment()
        self._api = ApiClient(
            endpoints.needed_api_url(api_url),
            self._seams.transport or PooledTransport(),
            api_key=api_key or endpoints.api_key,
            backoff=backoff,
            sleep=self._seams.sleep,
            on_warning=self._seams.on_warning,
        )
        # The commands of workers with an immediate answer, not through the queue.
        self.commands = ItemCommands(self._api)

    def create_job(
        self,
        name: str,
        *,
        items: Iterable[ItemSpec] = (),
        expected_items: int | None = None,
        planned_items: int | None = None,
        seal: bool = False,
        allow_empty: bool = False,
        auto_register: bool | None = None,
        lanes: int | None = None,
        policy: Mapping[str, Any] | None = None,
        dispatch: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        ttl_days: int | None = None,
        deadline_seconds: int | None = None,
        job_key: str | None = None,
        job_key_reuse: Literal["afterFailure"] | None = None,
        execute_at: datetime | str | None = None,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Job:
        """Creates a job, and registers the items that do not fit into that request.

        With `dispatch` (`{}` or its fields) the ledger sends the items to a work queue itself.
        `planned_items` chooses the lanes and nothing else. `seal` without items is refused, because
        the job would complete at once; `allow_empty` allows it. `job_key` is your own name of the
        job: whenever it comes again with the same specification, the answer is that job.
        """
        if idempotency_key is not None:
            # Before the first item is taken: an iterator cannot be read twice.
            checked_key(idempotency_key)
        check_many("items", items)
        check_many("tags", tags)
        check_flag("seal", seal)
        check_flag("allow_empty", allow_empty)
        ahead = chunks(checked_items(items), ITEMS_PER_REGISTRATION)
        first, second = next(ahead, []), next(ahead, [])
        if seal and not (first or allow_empty):
            raise EmptySealError
        if second and (lanes, planned_items, expected_items) == (None, None, None):
            planned_items = len(items) if isinstance(items, Sized) else None
        body = {
            "name": name,
            "items": None if second else first or None,
            "expectedItems": expected_items,
            "plannedItems": planned_items,
            "seal": (seal and not second) or None,
            "autoRegister": auto_register,
            "lanes": lanes,
            "policy": policy,
            "dispatch": dispatch,
            "metadata": metadata,
            "tags": list(tags) or None,
            "ttlDays": ttl_days,
            "deadlineSeconds": deadline_seconds,
            "jobKey": job_key,
            "jobKeyReuse": job_key_reuse,
            "executeAt": time_text("execute_at", execute_at),
        }
        job = self._create(body, idempotency_key)
        # One that its key named before may have been sealed, and so has all of its items.
        if not second or job.sealed or job.epoch > 1:
            return job
        options, ahead = RegistrationOptions(), chain((first, second), ahead)
        try:
            self._register(job.job_id, ahead, seal=seal, options=options, on_progress=on_progress)
            return replace(self.status(job.job_id), warnings=job.warnings)
        except BaseException as error:
            # On Ctrl-C as well: the caller does not know the job's id yet.
            error.add_note(f"job {job.job_id} is created; register its items again, from the start")
            raise

    def submit(
        self,
        kind: str,
        payload: Any = None,
        *,
        name: str | None = None,
        run_seconds: int | None = None,
        policy: Mapping[str, Any] | None = None,
        dispatch: Mapping[str, Any] | None = None,
        job_key: str | None = None,
        job_key_reuse: Literal["afterFailure"] | None = None,
        execute_at: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Creates a job of one item, sealed and dispatched, in one transaction.

        It is named by its kind unless `name` is given.
        """
        work = {"kind": kind, "payload": payload, "runSeconds": run_seconds}
        body = {
            "name": kind if name is None else name,
            "work": {field: value for field, value in work.items() if value is not None},
            "policy": policy,
            "dispatch": dispatch,
            "jobKey": job_key,
            "jobKeyReuse": job_key_reuse,
            "executeAt": time_text("execute_at", execute_at),
        }
        return self._create(body, idempotency_key)

    def _create(self, body: Mapping[str, Any], idempotency_key: str | None) -> Job:
        given = {field: value for field, value in body.items() if value is not None}
        return job_of(self._api.post("jobs", body=given, idempotency_key=idempotency_key))

    def register(
        self,
        job: JobRef,
        items: Iterable[ItemSpec],
        *,
        seal: bool = False,
        allow_empty: bool = False,
        options: RegistrationOptions | None = None,
        on_progress: OnProgress | None = None,
    ) -> Registration:
        """Registers any number of items in bounded memory; safe to repeat with the same items.

        `seal` without items is refused, because an empty job would complete at once; `allow_empty`
        allows it.
        """
        check_flag("seal", seal)
        check_flag("allow_empty", allow_empty)
        check_many("items", items)
        options = options or RegistrationOptions()
        first, items = first_row(items)
        if seal and not first:
            if not allow_empty:
                raise EmptySealError
            self.seal(job)
        ahead = chunks(checked_items(items), options.chunk_items)
        return self._register(
            job_id_of(job), ahead, seal=seal, options=options, on_progress=on_progress
        )

    def seal(self, job: JobRef) -> Job:
        """No more items can be registered; only a sealed job can complete."""
        return self._changed(job, "seal")

    def start(self, job: JobRef) -> Job:
        """Runs a scheduled job before its time."""
        return self._changed(job, "start")

    def pause(self, job: JobRef, *, until: datetime | str | None = None) -> Job:
        """The job grants no claims until it is resumed, or until this time."""
        at = time_text("until", until)
        return self._changed(job, "pause", None if at is None else {"until": at})

    def resume(self, job: JobRef) -> Job:
        """Ends a pause; canceled items are resumed by `reopen(job, resume=True)`."""
        return self._changed(job, "resume")

    def cancel(self, job: JobRef) -> Job:
        return self._changed(job, "cancel")

    def reopen(self, job: JobRef, *, resume: bool = False) -> Job:
        """A finished job accepts items again, in a new epoch.

        With `resume` the items that were canceled with the job are pending again; while the answer
        is `resuming`, more of them follow.
        """
        return self._changed(job, "reopen", {"items": "resume"} if resume else None)

    def retry_job(self, job: JobRef) -> Job:
        """A failed job of one item runs again: its item is pending."""
        return self._changed(job, "retry")

    def wait(
        self,
        job: JobRef,
        *,
        timeout_seconds: float | None = None,
        polling: Polling | None = None,
        on_progress: Callable[[Job], None] | None = None,
    ) -> Job:
        """Returns the finished job; WaitTimeoutError carries its last status."""
        return wait_until_finished(
            lambda: self.status(job),
            timeout_seconds=timeout_seconds,
            polling=polling or Polling(),
            on_progress=on_progress,
            clock=self._seams.clock,
            sleep=self._seams.sleep,
        )

    def _register(
        self,
        job_id: str,
        ahead: Iterator[Chunk],
        *,
        seal: bool,
        options: RegistrationOptions,
        on_progress: OnProgress | None,
    ) -> Registration:
        def send(chunk: Chunk, seals: bool) -> Registration:
            body = {"items": chunk, "seal": True} if seals else {"items": chunk}
            return registration_of(self._api.post("jobs", job_id, "items:register", body=body))

        return register_all(
            ahead, send, seal=seal, parallel=options.parallel, on_progress=on_progress
        )

    def _changed(self, job: JobRef, change: str, body: dict[str, Any] | None = None) -> Job:
        answer = self._api.post("jobs", job_id_of(job), change, body=body)
        # The outcome is `duplicate` if nothing changed.
        beside = {name: answer[name] for name in ("warnings",) if name in answer}
        outcome = answer.get("outcome", "applied")
        return job_of({**answer.get("job", answer), **beside, "outcome": outcome})
