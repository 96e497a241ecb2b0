"""What crashes did to a design's counts, and whether enough of them hit it to prove something."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import CountErrors

MIN_CRASHES: Final = 5
MAX_JOBS: Final = 20


class FinishedJob(Protocol):
    @property
    def tally(self) -> Tally: ...

    @property
    def errors(self) -> CountErrors: ...


@dataclass(frozen=True)
class CrashRuns:
    """The jobs of one design that ran while calls crashed."""

    jobs: Sequence[FinishedJob]

    @property
    def crashes(self) -> int:
        return sum(job.tally.crashes for job in self.jobs)

    @property
    def lost(self) -> int:
        return sum(job.errors.lost for job in self.jobs)

    @property
    def doubled(self) -> int:
        return sum(job.errors.doubled for job in self.jobs)

    def __str__(self) -> str:
        text = f"{self.crashes:>4} crashes in {len(self.jobs)} job{'s' * (len(self.jobs) > 1)}"
        text += f"   {self.lost} lost, {self.doubled} double"
        events = [job.errors.events for job in self.jobs if job.errors.events is not None]
        return text + (f", {sum(events)} job.completed" if events else "")


def run_until_crashed(run: Callable[[], FinishedJob]) -> CrashRuns:
    """Run jobs until MIN_CRASHES have hit them, at most MAX_JOBS."""
    jobs: list[FinishedJob] = []
    while len(jobs) < MAX_JOBS and CrashRuns(jobs).crashes < MIN_CRASHES:
        jobs.append(run())
    return CrashRuns(jobs)


def faults_of(name: str, runs: CrashRuns, min_crashes: int = MIN_CRASHES) -> Iterator[str]:
    """Why a design fails; right counts without enough crashes prove nothing."""
    if runs.crashes < min_crashes:
        yield f"{name}: {runs.crashes} crashes hit it, at least {min_crashes} prove something"
    if runs.lost or runs.doubled:
        yield f"{name}: counts are WRONG, {runs.lost} lost and {runs.doubled} double"
