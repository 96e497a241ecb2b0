"""Memory and speed of registering many items, compared with one call for each item.

Each client is a process of its own, against one local cloud. One call per item is measured on a
sample and extrapolated: `python -m benchmarks.speed.registration [items] [sample]`.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from benchmarks.arguments import parse_numbers
from benchmarks.sample_items import make_items
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, RegistrationOptions

MAX_MEGABYTES: Final = 150.0
MIN_SPEEDUP: Final = 5.0
# Parallel requests of both clients.
PARALLEL: Final = RegistrationOptions().parallel


def register_all(ledger: Ledger, job_id: str, number: int) -> int:
    return ledger.register(job_id, make_items(range(number))).registered


def register_one_by_one(ledger: Ledger, job_id: str, number: int) -> int:
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = pool.map(lambda item: ledger.register(job_id, [item]), make_items(range(number)))
        return sum(answer.registered for answer in answers)


CLIENTS: Final = {"all": register_all, "one-by-one": register_one_by_one}


def run_client(name: str, api_url: str, job_id: str, number: int) -> None:
    """The main function of a client process; prints its duration and peak memory."""
    ledger = Ledger(api_url=api_url)
    ledger.status(job_id)
    began = time.perf_counter()
    registered = CLIENTS[name](ledger, job_id, number)
    seconds = time.perf_counter() - began
    assert registered == number, f"{registered} of {number} were registered"
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = size / (1_000_000 if sys.platform == "darwin" else 1_000)
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


def measure_client(name: str, cloud: LocalCloud, number: int) -> dict[str, float]:
    api_url = cloud.description.api_url
    job_id = Ledger(api_url=api_url).create_job("benchmark", expected_items=number).job_id
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.registration", name, api_url, job_id, str(number)],
        env=dict(os.environ),
        cwd=Path(__file__).parent.parent.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(process.stdout)
    return figures


def main(number: int, sample: int) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder,
        LocalCloud(state_dir=Path(folder)) as cloud,
    ):
        measure_client("all", cloud, 100)  # Starts the functions before the measurement.
        single = measure_client("one-by-one", cloud, sample)
        bulk = measure_client("all", cloud, number)
    bulk_rate, single_rate = number / bulk["seconds"], sample / single["seconds"]
    speedup = bulk_rate / single_rate
    print(f"registering {number:,} items with payloads, {PARALLEL} requests in parallel")
    print(
        f"  Ledger.register    {bulk['seconds']:8.1f} s  {bulk_rate:7.0f} items/s"
        f"  {bulk['megabytes']:.0f} MB in the client (at most {MAX_MEGABYTES:.0f})"
    )
    print(
        f"  one call per item  {number / single_rate:8.1f} s  {single_rate:7.0f} items/s"
        f"  extrapolated from {sample:,} items in {single['seconds']:.1f} s"
    )
    print(f"  {speedup:.1f} times as fast (at least {MIN_SPEEDUP})")
    return int(speedup < MIN_SPEEDUP or bulk["megabytes"] >= MAX_MEGABYTES)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in CLIENTS:
        run_client(*sys.argv[1:4], int(sys.argv[4]))
        sys.exit()
    sys.exit(main(*parse_numbers(__doc__, items=100_000, sample=500)))
