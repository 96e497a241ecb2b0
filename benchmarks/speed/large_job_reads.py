"""How long the first answers about a large job take in the local cloud.

One item of the first job is held by a worker that is gone, all others are completed. In the second
every lane has an item in progress, and half of the items wait for a worker. The engine answers one
request after the other, so a machine that does other work is slow:
`python -m benchmarks.speed.large_job_reads [items]`.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.arguments import parse_numbers
from benchmarks.markdown import number_table
from benchmarks.sample_items import item_name
from forgeledger.aws.dynamodb.raw_json import without_conversion
from forgeledger.batched import batched
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_for
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.runtime import Runtime
from forgeledger.sdk import Ledger

MOST_SECONDS: Final = 5.0
_ITEMS_A_BATCH: Final = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    what: str
    seconds: float
    engine_megabytes: int


class LargeJobs:
    def __init__(self, cloud: LocalCloud, items: int) -> None:
        self._cloud = cloud
        self._names = [item_name(number) for number in range(items)]
        self._lanes = lanes_for(items)
        self.ledger = Ledger(api_url=cloud.description.api_url)
        client = without_conversion(cloud.client("dynamodb"))
        store = ledger_store(client, cloud.description.table_name, Runtime())
        self._writer = LaneWriter(store, Runtime())

    def of_one_stuck_item(self) -> str:
        stuck = self._names[-1]
        return self._job(lambda name: ("claim",) if name == stuck else ("claim", "complete"))

    def of_unfinished_lanes(self) -> str:
        """Every 97th item is claimed, every other one of the rest waits."""
        kinds: tuple[tuple[str, ...], ...] = ((), ("claim", "complete"))
        numbers = {name: number for number, name in enumerate(self._names)}

        def kinds_of(name: str) -> tuple[str, ...]:
            return ("claim",) if numbers[name] % 97 == 0 else kinds[numbers[name] % 2]

        return self._job(kinds_of)

    def read(self, job_id: str) -> Iterator[Reading]:
        ledger = self.ledger
        yield self._timed("why", lambda: ledger.why(job_id).scan_complete)
        yield self._timed("events", lambda: ledger.events_page(job_id).rows)
        yield self._timed("items", lambda: ledger.items_page(job_id).rows)
        yield self._timed(
            "items in progress", lambda: ledger.items_page(job_id, state="IN_PROGRESS")
        )
        yield self._timed("status", lambda: ledger.status(job_id).total)

    def _job(self, kinds_of: Callable[[str], Sequence[str]]) -> str:
        """Written to the table by the intake's own code, past the queue."""
        policy = {"leaseSeconds": 3_600}
        job_id = self.ledger.create_job("large", lanes=self._lanes, policy=policy).job_id
        for lane in range(self._lanes):
            in_lane = [name for name in self._names if lane_of(name, self._lanes) == lane]
            for names in batched(in_lane, _ITEMS_A_BATCH):
                commands = [
                    Command(
                        kind=CommandKind(kind),
                        item_id=name,
                        command_id=f"{kind} {name}",
                        worker_id="worker-7",
                    )
                    for name in names
                    for kind in ("register", *kinds_of(name))
                ]
                self._writer.apply(job_id, lane, commands)
        return job_id

    def _timed(self, what: str, read: Callable[[], object]) -> Reading:
        began = time.perf_counter()
        assert read(), what
        seconds = time.perf_counter() - began
        return Reading(what=what, seconds=seconds, engine_megabytes=self._engine_megabytes())

    def _engine_megabytes(self) -> int:
        status = Path(f"/proc/{self._cloud.engine.pid}/status").read_text()
        (size,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return int(size) // 1_000


def main(items: int) -> int:
    with tempfile.TemporaryDirectory() as folder, LocalCloud(state_dir=Path(folder)) as cloud:
        jobs = LargeJobs(cloud, items)
        jobs.ledger.jobs_page()
        made = {
            "one stuck item": jobs.of_one_stuck_item(),
            "all lanes unfinished": jobs.of_unfinished_lanes(),
        }
        readings = [(name, reading) for name, job in made.items() for reading in jobs.read(job)]
    rows = [
        (f"{name}: {reading.what}", f"{reading.seconds:.2f}", str(reading.engine_megabytes))
        for name, reading in readings
    ]
    print(number_table(["first answer", "seconds", "engine, MB"], rows))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return int(any(reading.seconds > MOST_SECONDS for _, reading in readings))


if __name__ == "__main__":
    (number,) = parse_numbers(__doc__, items=50_000)
    sys.exit(main(number))
