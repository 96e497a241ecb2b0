"""The demo itself: one job through real queues, functions and a real table to its one event."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forgeledger.demo.guarantees import Journal, Promise, examine
from forgeledger.demo.plan import Plan
from forgeledger.demo.setup import Stage
from forgeledger.demo.tasks import WORK_QUEUE_URL
from forgeledger.demo.workers import Crew
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.records import Item, Job

_POLL_SECONDS: Final = 0.4
_EVENT_SECONDS: Final = 20
# How long to listen for a second event, which must not come.
_QUIET_SECONDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTarget:
    """Where the demo plays."""

    ledger: Ledger
    client_of: Callable[[str], Any]
    event_bus: str
    # What a worker process must find in its environment.
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
    promises: tuple[Promise, ...]
    # One that failed and then completed, with its history; None if none failed.
    item: Item | None
    # From the first message in the work queue to the job's completion.
    seconds: float
    # Over the middle of the job: without starting, and without waiting for what a killed
    # worker had in hand.
    items_per_second: float | None

    @property
    def kept(self) -> bool:
        return all(promise.held for promise in self.promises)


def play(plan: Plan, on: DemoTarget, narrator: ProgressPrinter) -> DemoResult:
    with ExitStack() as running:
        stage = running.enter_context(Stage(on.client_of, on.event_bus))
        environment = {**on.environment, WORK_QUEUE_URL: stage.work_queue_url}
        crew = running.enter_context(Crew(environment, on.log_dir))
        for _ in range(plan.workers):
            crew.hire()
        narrator.say(f"{plan.workers} worker processes, a work queue, a rule on job.completed")
        job = on.ledger.create_job(
            "demo",
            items=plan.item_ids,
            seal=True,
            lanes=plan.lanes,
            policy={"maxAttempts": 3},
            tags=["demo"],
        )
        stage.listen(job.job_id)
        narrator.say(f"job {job.job_id}: {job.total:,} items in {job.lanes} lanes, sealed")
        began = time.monotonic()
        sent = stage.send_work(plan.messages(job.job_id))
        narrator.say(
            f"{sent:,} work messages, {len(plan.doubled)} of them twice; "
            f"{len(plan.failing)} items will fail at first"
        )
        watch = _Watch()
        job = _work(plan, on, crew, narrator, job_id=job.job_id, watch=watch)
        seconds = time.monotonic() - began
        events = _listen(stage)
    journal = Journal.read(on.ledger.events(job.job_id))
    job = on.ledger.status(job.job_id)
    shown = journal.failed_then_completed
    return DemoResult(
        job=job,
        events=tuple(events),
        promises=tuple(examine(plan, job, journal, events, watch.killed)),
        item=None if shown is None else on.ledger.item(job.job_id, shown),
        seconds=seconds,
        items_per_second=watch.middle_per_second(plan.items),
    )


def _work(
    plan: Plan,
    on: DemoTarget,
    crew: Crew,
    narrator: ProgressPrinter,
    *,
    job_id: str,
    watch: "_Watch",
) -> Job:
    """Watch the job to its end, and replace the worker that is killed on the way.

    What does not come to its end is for the promises to judge: the job is then as it stands.
    """
    deadline = time.monotonic() + 120 + plan.items / 10
    while True:
        job = on.ledger.status(job_id)
        watch.add(time.monotonic(), job.completed)
        narrator.progress(job)
        if job.is_finished:
            return job
        for name in crew.fallen():
            watch.killed.append(name)
            narrator.say(
                f"{name} was killed in the middle of {plan.deadly} (SIGKILL); "
                f"{crew.hire()} takes its place"
            )
        if lost := crew.lost():
            narrator.say(f"{', '.join(lost)} ended; see demo-*.log in {on.log_dir}")
            return job
        if time.monotonic() > deadline:
            narrator.say(
                f"job {job_id} is not done in time; `forgeledger job why {job_id} --local` says why"
            )
            return job
        time.sleep(_POLL_SECONDS)


def _listen(stage: Stage) -> list[Mapping[str, Any]]:
    """All events that come: the one, and for a while whether there is another."""
    deadline = time.monotonic() + _EVENT_SECONDS
    events: list[Mapping[str, Any]] = []
    while not events and time.monotonic() < deadline:
        events += stage.receive_events(wait_seconds=1)
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        events += stage.receive_events(wait_seconds=1)
    return events


class _Watch:
    """What was seen while the job ran: who was killed, and how fast items were completed."""

    def __init__(self) -> None:
        self.killed: list[str] = []
        self._samples: list[tuple[float, int]] = []

    def add(self, now: float, completed: int) -> None:
        self._samples.append((now, completed))

    def middle_per_second(self, items: int) -> float | None:
        """Between a tenth and nine tenths of the items."""
        middle = [sample for sample in self._samples if items * 0.1 <= sample[1] <= items * 0.9]
        if len(middle) < 2:
            return None
        (since, before), (now, completed) = middle[0], middle[-1]
        return (completed - before) / (now - since)
