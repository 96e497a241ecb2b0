"""What crashes did to a design, and whether enough of them hit it to say so."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import Wrongs

HITS_AT_LEAST: Final = 5
JOBS_AT_MOST: Final = 20


class Job(Protocol):
    """A job that was run."""

    @property
    def tally(self) -> Tally: ...

    @property
    def wrongs(self) -> Wrongs: ...


@dataclass(frozen=True)
class Crashed:
    """The jobs of one design that ran while calls crashed."""

    jobs: Sequence[Job]

    @property
    def crashes(self) -> int:
        return sum(job.tally.crashes for job in self.jobs)

    @property
    def lost(self) -> int:
        return sum(job.wrongs.lost for job in self.jobs)

    @property
    def doubled(self) -> int:
        return sum(job.wrongs.doubled for job in self.jobs)

    def __str__(self) -> str:
        told = f"{self.crashes:>4} crashes in {len(self.jobs)} job{'s' * (len(self.jobs) > 1)}"
        events = [job.wrongs.events for job in self.jobs if job.wrongs.events is not None]
        told += f"   {self.lost} lost, {self.doubled} double"
        return told + (f", {sum(events)} job.completed" if events else "")


def until_hit(run: Callable[[], Job]) -> Crashed:
    """One job after the other until enough crashes hit, or so many ran that it will never be."""
    jobs: list[Job] = []
    while len(jobs) < JOBS_AT_MOST and Crashed(jobs).crashes < HITS_AT_LEAST:
        jobs.append(run())
    return Crashed(jobs)


def faults_of(name: str, crashed: Crashed, hits: int = HITS_AT_LEAST) -> Iterator[str]:
    """What speaks against a design; counts that nothing hit are no proof."""
    if crashed.crashes < hits:
        yield f"{name}: {crashed.crashes} crashes hit it, at least {hits} prove something"
    if crashed.lost or crashed.doubled:
        yield f"{name}: counts are WRONG, {crashed.lost} lost and {crashed.doubled} double"
