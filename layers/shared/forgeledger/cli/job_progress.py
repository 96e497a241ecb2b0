"""Shows a job's progress: a live bar on a terminal, a line for each change elsewhere."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from forgeledger.cli.deployment import Where
from forgeledger.cli.job_text import (
    canceled_note,
    counts,
    job_headline,
    percent_done,
    status_text,
    unsealed_note,
)
from forgeledger.cli.output import Output, duration, printable
from forgeledger.cli.session import Session
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job, Registration

_LIVE_POLL_SECONDS: Final = 1.0
_PLAIN_POLL_SECONDS: Final = 5.0
_LINE_SECONDS: Final = 3.0


class JobProgress:
    """Called with each new state of the job."""

    def __init__(
        self,
        output: Output,
        clock: Callable[[], float],
        where: Where,
        *,
        quiet: bool = False,
    ) -> None:
        self._output = output
        self._clock = clock
        self._where = where
        self._quiet = quiet
        self._last: object = None
        self._next_line_at = 0.0
        self._warned = False
        self._live = ExitStack()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._output.is_live:
            self._bar = _bar(self._output)
            self._live.enter_context(self._bar)
            self._task = self._bar.add_task("", total=None, percent="", details="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.close()

    def say(self, line: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.console.print(printable(line), markup=False, highlight=False)
        else:
            self._output.lines([line])

    def __call__(self, job: "Job") -> None:
        if self._quiet:
            return
        self._warn(job)
        if self._bar is not None:
            known = job.total if job.sealed else max(job.total, job.expected_items or 0)
            self._bar.update(
                self._task,
                completed=job.completed + job.failed,
                total=known or None,
                percent=percent_done(job),
                details=_details(job),
            )
        elif self._output.as_json:
            # How long nothing has changed is no change.
            if (state := {**job.raw, "unchangedSeconds": None}) != self._last:
                self._last = state
                self._output.document(job.raw)
        elif job.is_finished or self._clock() >= self._next_line_at:
            line = f"{status_text(job)}  {percent_done(job)}  {counts(job)}"
            # That nothing moves any more is a change, too.
            if (shown := (line, job.unchanged_seconds is None)) != self._last:
                self._last = shown
                self._next_line_at = self._clock() + _LINE_SECONDS
                self._output.lines([f"{line}{_speed(job)}"])

    def _warn(self, job: "Job") -> None:
        """Once: without it the user would wait for a completion that cannot come."""
        note = unsealed_note(job, self._where)
        if note is None or self._warned:
            return
        self._warned = True
        line = f"job {job.job_id} is {note}"
        if self._bar is not None:
            self.say(line)
        else:
            self._output.remark(line)


def _details(job: "Job") -> str:
    style = "red" if job.failed else "dim"
    held = f"  {'SCHEDULED' if job.status == 'SCHEDULED' else 'paused'}" if job.held else ""
    retrying = f"  {job.retrying:,} retrying" if job.retrying else ""
    resuming = "  resuming" if job.resuming else ""
    lanes = plural(job.lanes, "lane")
    return f"[{style}]{job.failed:,} failed[/]{retrying}{resuming}{held}  {lanes}{_speed(job)}"


def _speed(job: "Job") -> str:
    if job.unchanged_seconds is not None:
        return f"  unchanged for {duration(job.unchanged_seconds)}"
    if not job.items_per_second or job.is_finished:
        return ""
    left = f"  {duration(job.eta_seconds)} left" if job.eta_seconds else ""
    return f"  {job.items_per_second:,.1f}/s{left}"


class RegistrationProgress:
    """On a terminal, how many items have been registered so far."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._painted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._painted:
            self._output.err.write("\r\x1b[2K")
            self._output.err.flush()

    def __call__(self, so_far: "Registration") -> None:
        if not self._output.err.isatty():
            return
        self._painted = True
        self._output.err.write(f"\r\x1b[2K{plural(so_far.sent, 'item')} ...")
        self._output.err.flush()


def watch_job(session: Session, job_id: str, *, timeout_seconds: float | None) -> "Job | None":
    """The finished job; None if the timeout passed first."""
    from forgeledger.sdk.api.job_wait import Polling
    from forgeledger.sdk.errors import WaitTimeoutError

    output = session.output
    most = _LIVE_POLL_SECONDS if output.is_live else _PLAIN_POLL_SECONDS
    ledger = session.ledger
    with JobProgress(output, session.seams.clock, session.where) as progress:
        try:
            job = ledger.wait(
                job_id,
                timeout_seconds=timeout_seconds,
                polling=Polling(first_seconds=0.5, most_seconds=most, growth=1.2),
                on_progress=progress,
            )
        except WaitTimeoutError as error:
            output.remark(str(error))
            return None
    if not output.as_json:
        note = canceled_note(job)
        output.lines([job_headline(job), *([note] if note else [])])
    return job


def _bar(output: Output) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.fields[percent]:>5}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[details]}"),
        console=Console(file=output.out, no_color=not output.is_colored),
    )
