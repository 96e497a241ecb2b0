"""What the runs of a design come to, beside one another and beside the bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import Wrongs
from benchmarks.speed.crash_report import Crashed, faults_of

OURS: Final = "ForgeLedger"
SAFE: Final = "safe"
DIRECT: Final = "safe, direct"
TIMES_FASTER: Final = 5.0


@dataclass(frozen=True)
class Run:
    """A job from its first item to its end; the clock is read when all items are registered."""

    items: int
    register_seconds: float
    work_seconds: float
    tally: Tally
    wrongs: Wrongs
    load: float  # how busy the machine was at the end, by others as well
    http_requests: int = 0


@dataclass(frozen=True)
class Runs:
    """All jobs of one design, which took turns with the others."""

    jobs: Sequence[Run]

    @property
    def items(self) -> int:
        return sum(job.items for job in self.jobs)

    @property
    def worked_a_second(self) -> float:
        """Items claimed and completed."""
        return self.items / sum(job.work_seconds for job in self.jobs)

    @property
    def items_a_second(self) -> float:
        """The same with their registration."""
        return self.items / sum(job.register_seconds + job.work_seconds for job in self.jobs)

    @property
    def registered_a_second(self) -> float:
        return self.items / sum(job.register_seconds for job in self.jobs)

    @property
    def tally(self) -> Tally:
        return sum((job.tally for job in self.jobs), Tally())

    @property
    def http_requests(self) -> int:
        return sum(job.http_requests for job in self.jobs)

    @property
    def requests_an_item(self) -> float:
        requests = self.tally.total("main", "worker", "function", "poller") + self.http_requests
        return requests / self.items

    @property
    def load(self) -> float:
        return max(job.load for job in self.jobs)


_HEAD: Final = (
    f"{'':<24}{'claim, complete':>17}{'register':>10}{'all':>9}{'requests':>10}"
    f"{'write units':>13}{'load':>7}\n"
    f"{'':<16}{'items':>8}{'items/s':>17}{'items/s':>10}{'items/s':>9}{'an item':>10}"
    f"{'an item':>13}{'up to':>7}"
)


def table(designs: Mapping[str, Runs]) -> None:
    print(_HEAD)
    for name, runs in designs.items():
        print(
            f"{name:<16}{runs.items:>8,}{runs.worked_a_second:>17,.0f}"
            f"{runs.registered_a_second:>10,.0f}{runs.items_a_second:>9,.0f}"
            f"{runs.requests_an_item:>10.3f}{runs.tally.write_units / runs.items:>13.2f}"
            f"{runs.load:>7.1f}"
        )


def where_the_calls_are(runs: Runs) -> None:
    print(f"\nRequests of ours, {runs.items:,} items; HTTP requests: {runs.http_requests}")
    for (who, operation), number in sorted(runs.tally.requests.items()):
        print(f"  {who:<10}{operation:<22}{number:>7}")


def verdict(designs: Mapping[str, Runs], crashed: Mapping[str, Crashed], often: str) -> int:
    """Whether ours claims and completes fast enough, and its counts are right."""
    ours, held = designs[OURS], True
    print("\nTimes as fast as                 claim, complete    with registering")
    for name in (SAFE, DIRECT):
        worked = ours.worked_a_second / designs[name].worked_a_second
        whole = ours.items_a_second / designs[name].items_a_second
        print(f"  {name:<31}{worked:>15.1f}{whole:>20.1f}")
        if name == SAFE:
            held = worked >= TIMES_FASTER
    faults = [
        *faults_of(OURS, Crashed(ours.jobs), hits=0),
        *faults_of(OURS, crashed[OURS]),
        *faults_of(often, crashed[often]),
    ]
    if not held:
        faults.append(f"ForgeLedger is not {TIMES_FASTER} times as fast as the safe design")
    print("\n".join(faults or ["ForgeLedger's counts are right, and so after every crash"]))
    return int(bool(faults))
