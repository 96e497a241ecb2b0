"""The demo itself: one job through real queues, functions and a table to its one event."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forgeledger.demo.guarantees import Guarantee, Journal, check_guarantees
from forgeledger.demo.plan import Plan
from forgeledger.demo.setup import DemoResources
from forgeledger.demo.tasks import WORK_QUEUE_URL
from forgeledger.demo.workers import WorkerProcesses
from forgeledger.plural import plural
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.records import Item, Job

_POLL_SECONDS: Final = 0.4
_EVENT_SECONDS: Final = 20
# How long to wait for a second event, which must not come.
_SECOND_EVENT_SECONDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTarget:
    """The deployment on which the demo runs."""

    ledger: Ledger
    client_of: Callable[[str], Any]
    event_bus: str
    # The environment variables of the worker processes.
    environment: Mapping[str, str]
    log_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressPrinter:
    say: Callable[[str], None]
    progress: Callable[[Job], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    job: Job
    events: tuple[Mapping[str, Any], ...]
    guarantees: tuple[Guarantee, ...]
    # One that failed and then completed, with its history; None if none failed.
    item: Item | None
    # From the first message in the work queue to the job's completion.
    seconds: float
    # Without the start, and without the wait for the items of the killed worker.
    items_per_second: float | None

    @property
    def all_held(self) -> bool:
        return all(guarantee.held for guarantee in self.guarantees)


def run_demo(plan: Plan, target: DemoTarget, printer: ProgressPrinter) -> DemoResult:
    ledger = target.ledger
    with ExitStack() as stack:
        resources = stack.enter_context(DemoResources(target.client_of, target.event_bus))
        environment = {**target.environment, WORK_QUEUE_URL: resources.work_queue_url}
        workers = stack.enter_context(WorkerProcesses(environment, target.log_dir))
        for _ in range(plan.workers):
            workers.start()
        processes = plural(plan.workers, "worker process", "worker processes")
        printer.say(f"{processes}, a work queue, a rule on job.completed")
        job = ledger.create_job(
            "demo",
            items=plan.item_ids,
            seal=True,
            lanes=plan.lanes,
            policy={"maxAttempts": 3},
            tags=["demo"],
        )
        stack.enter_context(_named_in_errors(job))
        resources.listen(job.job_id)
        printer.say(
            f"job {job.job_id}: {plural(job.total, 'item')} in {plural(job.lanes, 'lane')}, sealed"
        )
        started_at = time.monotonic()
        sent = resources.send_work(plan.messages(job.job_id))
        printer.say(
            f"{plural(sent, 'work message')}, {len(plan.sent_twice)} of them twice; "
            f"{plural(len(plan.failing), 'item')} will fail at first"
        )
        observed = _Observations()
        job = _wait_for_end(plan, target, workers, printer, job_id=job.job_id, observed=observed)
        seconds = time.monotonic() - started_at
        events = _receive_events(resources)
    journal = Journal.read(ledger.events(job.job_id))
    job = ledger.status(job.job_id)
    shown = journal.failed_then_completed
    return DemoResult(
        job=job,
        events=tuple(events),
        guarantees=tuple(check_guarantees(plan, job, journal, events, observed.killed)),
        item=None if shown is None else ledger.item(job.job_id, shown),
        seconds=seconds,
        items_per_second=observed.middle_per_second(plan.items),
    )


@contextmanager
def _named_in_errors(job: Job) -> Iterator[None]:
    """Whoever ends the demo early, also with Ctrl-C, is told which job stays behind."""
    try:
        yield
    except BaseException as error:
        error.add_note(
            f"job {job.job_id} stays on the local cloud; to look at it: `forgeledger job status "
            f"{job.job_id} --local`, to end it: `forgeledger job cancel {job.job_id} --local`"
        )
        raise


def _wait_for_end(
    plan: Plan,
    target: DemoTarget,
    workers: WorkerProcesses,
    printer: ProgressPrinter,
    *,
    job_id: str,
    observed: "_Observations",
) -> Job:
    """Follow the job to its end, and replace the worker that is killed on the way.

    A job that does not end in time is returned unfinished; the guarantees then do not hold.
    """
    deadline = time.monotonic() + 120 + plan.items / 10
    while True:
        job = target.ledger.status(job_id)
        observed.add(time.monotonic(), job.completed)
        printer.progress(job)
        if job.is_finished:
            return job
        for name in workers.take_killed():
            observed.killed.append(name)
            printer.say(
                f"{name} was killed in the middle of {plan.killing} (SIGKILL); "
                f"{workers.start()} replaces it"
            )
        if ended := workers.ended():
            printer.say(f"{', '.join(ended)} ended; see demo-*.log in {target.log_dir}")
            return job
        if time.monotonic() > deadline:
            printer.say(
                f"job {job_id} is not done in time; see `forgeledger job why {job_id} --local`"
            )
            return job
        time.sleep(_POLL_SECONDS)


def _receive_events(resources: DemoResources) -> list[Mapping[str, Any]]:
    """The expected event, and any that follow it within a short time."""
    deadline = time.monotonic() + _EVENT_SECONDS
    events: list[Mapping[str, Any]] = []
    while not events and time.monotonic() < deadline:
        events += resources.receive_events(wait_seconds=1)
    deadline = time.monotonic() + _SECOND_EVENT_SECONDS
    while time.monotonic() < deadline:
        events += resources.receive_events(wait_seconds=1)
    return events


class _Observations:
    """Which workers were killed, and how fast items were completed."""

    def __init__(self) -> None:
        self.killed: list[str] = []
        self._samples: list[tuple[float, int]] = []

    def add(self, now: float, completed: int) -> None:
        self._samples.append((now, completed))

    def middle_per_second(self, items: int) -> float | None:
        """The rate between a tenth and nine tenths of the items."""
        middle = [sample for sample in self._samples if items * 0.1 <= sample[1] <= items * 0.9]
        if len(middle) < 2:
            return None
        (since, before), (now, completed) = middle[0], middle[-1]
        return (completed - before) / (now - since)
