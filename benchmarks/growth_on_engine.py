"""The growth of a job on the local engine: requests, write units, processor time and memory.

The whole local cloud with its function processes, and two worker processes with the SDK:
`python -m benchmarks.growth_on_engine [items ...]`; it reads Linux's /proc.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.call_log import CallLog
from benchmarks.growth import ENGINE_SIZES
from benchmarks.metering import ENGINE_RESULTS, Results
from benchmarks.throughput import Bench
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud

FUNCTIONS: Final = ("ApiFunction", "IntakeFunction", "RelayFunction")
_WORKERS: Final = 2
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def main(sizes: Sequence[int]) -> int:
    results = Results(ENGINE_RESULTS)
    with tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder:
        (Path(folder) / "log").mkdir()
        with (
            CallLog(Path(folder) / "log") as log,
            LocalCloud(state_dir=Path(folder) / "state") as cloud,
        ):
            os.environ.update(client_environment(cloud.description.endpoint_url))
            bench = Bench(cloud, log, _WORKERS, hand_queue="")
            bench.ours(_names(200))  # Each function has started before.
            for items in sizes:
                told = measured(bench, cloud, items)
                results.keep(f"job of {items}", told)
                print(f"{items:>9,}  {told}", flush=True)
    return 0


def measured(bench: Bench, cloud: LocalCloud, items: int) -> dict[str, float | int]:
    began = processor_seconds(cloud)
    run = bench.ours(_names(items))
    assert (run.wrongs.lost, run.wrongs.doubled) == (0, 0), run.wrongs
    tally = run.tally
    requests = tally.total("main", "worker", "function", "poller") + run.http_requests
    return {
        "items": items,
        "requests": requests,
        "writeUnits": tally.write_units,
        "processorSeconds": round(processor_seconds(cloud) - began, 3),
        "mostKilobytes": most_kilobytes(cloud),
        "itemsPerSecond": round(run.items_per_second),
        "load": round(run.load, 1),
    }


def processor_seconds(cloud: LocalCloud) -> float:
    """Of all processes of the functions that live, since each began."""
    ticks = 0
    for pid in _pids(cloud):
        # The name in brackets may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_A_SECOND


def most_kilobytes(cloud: LocalCloud) -> int:
    """The largest that any function's process has ever been."""
    return max(
        int(line.split()[1])
        for pid in _pids(cloud)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def _pids(cloud: LocalCloud) -> list[int]:
    return [pid for function in FUNCTIONS for pid in cloud.worker_pids(function)]


def _names(number: int) -> list[str]:
    return [f"invoice-{each:07d}" for each in range(number)]


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]] or ENGINE_SIZES))
