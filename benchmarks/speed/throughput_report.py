"""Rates of each design as printed tables, and whether ForgeLedger's bound is met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import CountErrors
from benchmarks.speed.crash_report import CrashRuns, faults_of

LEDGER: Final = "ForgeLedger"
SAFE: Final = "safe"
DIRECT: Final = "safe, direct"
MIN_SPEEDUP: Final = 5.0


@dataclass(frozen=True)
class Run:
    """One job; registering ends, and the work begins, when all items are registered."""

    items: int
    register_seconds: float
    work_seconds: float
    tally: Tally
    errors: CountErrors
    load: float  # The machine's load average at the end, other programs included.
    http_requests: int = 0


@dataclass(frozen=True)
class DesignRuns:
    """All jobs of one design, which took turns with the other designs."""

    jobs: Sequence[Run]

    @property
    def items(self) -> int:
        return sum(job.items for job in self.jobs)

    @property
    def work_rate(self) -> float:
        """Items claimed and completed per second."""
        return self.items / sum(job.work_seconds for job in self.jobs)

    @property
    def register_rate(self) -> float:
        return self.items / sum(job.register_seconds for job in self.jobs)

    @property
    def total_rate(self) -> float:
        """Items registered, claimed and completed per second."""
        return self.items / sum(job.register_seconds + job.work_seconds for job in self.jobs)

    @property
    def tally(self) -> Tally:
        return sum((job.tally for job in self.jobs), Tally())

    @property
    def http_requests(self) -> int:
        return sum(job.http_requests for job in self.jobs)

    @property
    def requests_per_item(self) -> float:
        requests = self.tally.total("main", "worker", "function", "poller") + self.http_requests
        return requests / self.items

    @property
    def load(self) -> float:
        return max(job.load for job in self.jobs)


_HEAD: Final = (
    f"{'':<24}{'claim, complete':>17}{'register':>10}{'all':>9}{'requests':>10}"
    f"{'write units':>13}{'load':>7}\n"
    f"{'':<16}{'items':>8}{'items/s':>17}{'items/s':>10}{'items/s':>9}{'per item':>10}"
    f"{'per item':>13}{'up to':>7}"
)


def print_rates(designs: Mapping[str, DesignRuns]) -> None:
    print(_HEAD)
    for name, runs in designs.items():
        print(
            f"{name:<16}{runs.items:>8,}{runs.work_rate:>17,.0f}"
            f"{runs.register_rate:>10,.0f}{runs.total_rate:>9,.0f}"
            f"{runs.requests_per_item:>10.3f}{runs.tally.write_units / runs.items:>13.2f}"
            f"{runs.load:>7.1f}"
        )


def print_requests(runs: DesignRuns) -> None:
    print(f"\nRequests of {LEDGER}, {runs.items:,} items; HTTP requests: {runs.http_requests}")
    for (caller, operation), number in sorted(runs.tally.requests.items()):
        print(f"  {caller:<10}{operation:<22}{number:>7}")


def exit_status(
    designs: Mapping[str, DesignRuns], crashed: Mapping[str, CrashRuns], often: str
) -> int:
    """1 where ForgeLedger misses its bound, or where its counts are wrong."""
    ledger, speedups = designs[LEDGER], {}
    print(f"\n{LEDGER} is times as fast as     claim, complete    with registering")
    for name in (SAFE, DIRECT):
        speedups[name] = ledger.work_rate / designs[name].work_rate
        total = ledger.total_rate / designs[name].total_rate
        print(f"  {name:<31}{speedups[name]:>15.1f}{total:>20.1f}")
    faults = [
        *faults_of(LEDGER, CrashRuns(ledger.jobs), min_crashes=0),
        *faults_of(LEDGER, crashed[LEDGER]),
        *faults_of(often, crashed[often]),
    ]
    if speedups[SAFE] < MIN_SPEEDUP:
        faults.append(f"{LEDGER} is not {MIN_SPEEDUP} times as fast as the safe design")
    print("\n".join(faults or [f"{LEDGER}'s counts are right, with and without crashes"]))
    return int(bool(faults))
