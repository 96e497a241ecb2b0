"""Memory and speed of registering many items, beside one call for each item.

Each client is a process of its own on one local cloud. One call an item is measured on a sample
and counted up: `python -m benchmarks.speed.registration [items] [sample]`.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.arguments import numbers
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, RegistrationOptions

MEGABYTES: Final = 150.0
TIMES_FASTER: Final = 5.0
# Both send as many requests at once.
PARALLEL: Final = RegistrationOptions().parallel


def items(number: int) -> Iterator[dict[str, Any]]:
    for each in range(number):
        name = f"invoice-{each:07d}"
        yield {"itemId": name, "payload": {"url": f"s3://invoices/2026/11/{name}.pdf"}}


def register_all(ledger: Ledger, job_id: str, number: int) -> int:
    return ledger.register(job_id, items(number)).registered


def one_call_each(ledger: Ledger, job_id: str, number: int) -> int:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return sum(
            answer.registered
            for answer in pool.map(lambda item: ledger.register(job_id, [item]), items(number))
        )


WAYS: Final = {"all": register_all, "each": one_call_each}


def client(way: str, api_url: str, job_id: str, number: int) -> None:
    """What a client process does; it tells its time and its largest size."""
    ledger = Ledger(api_url=api_url)
    ledger.status(job_id)
    began = time.perf_counter()
    registered = WAYS[way](ledger, job_id, number)
    seconds = time.perf_counter() - began
    assert registered == number, f"{registered} of {number} were registered"
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = size / (1_000_000 if sys.platform == "darwin" else 1_000)
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


def run_client(way: str, cloud: LocalCloud, number: int) -> dict[str, float]:
    api_url = cloud.description.api_url
    job_id = Ledger(api_url=api_url).create_job("benchmark", expected_items=number).job_id
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.registration", way, api_url, job_id, str(number)],
        env=dict(os.environ),
        cwd=Path(__file__).parent.parent.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def main(number: int, sample: int) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder,
        LocalCloud(state_dir=Path(folder)) as cloud,
    ):
        run_client("all", cloud, 100)  # The functions have started before they are timed.
        each = run_client("each", cloud, sample)
        both = run_client("all", cloud, number)
    a_second, one_by_one = number / both["seconds"], sample / each["seconds"]
    times = a_second / one_by_one
    print(f"registering {number:,} items with payloads, {PARALLEL} requests at once")
    print(
        f"  Ledger.register    {both['seconds']:8.1f} s  {a_second:7.0f} items/s"
        f"  {both['megabytes']:.0f} MB in the client (at most {MEGABYTES:.0f})"
    )
    print(
        f"  one call an item   {number / one_by_one:8.1f} s  {one_by_one:7.0f} items/s"
        f"  counted up from {sample:,} items in {each['seconds']:.1f} s"
    )
    print(f"  {times:.1f} times faster (at least {TIMES_FASTER})")
    return int(times < TIMES_FASTER or both["megabytes"] >= MEGABYTES)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        client(*sys.argv[1:4], int(sys.argv[4]))
        sys.exit()
    sys.exit(main(*numbers(__doc__, items=100_000, sample=500)))
