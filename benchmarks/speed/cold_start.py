"""How much each function's import costs, as a multiple of bare boto3 with a DynamoDB client.

Both are measured in processor time, each in fresh interpreters that take turns, and compared by
their medians: `python -m benchmarks.speed.cold_start [interpreters]`.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.arguments import numbers

ROOT = Path(__file__).parent.parent.parent
BARE = "import boto3; boto3.client('dynamodb')"
IMPORT = "import runpy; runpy.run_path({path!r}, run_name='app')"
MEASURE = "\nimport time; print(time.process_time())"
BOUNDS = {"intake": 1.3}

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "FORGELEDGER_TABLE": "ledger",
    "FORGELEDGER_REJECT_QUEUE_URL": "http://127.0.0.1/rejects.fifo",
    "FORGELEDGER_EVENT_BUS": "forgeledger",
    "FORGELEDGER_IDEMPOTENCY_TABLE": "answers",
    "FORGELEDGER_API_KEY_PARAMETER": "",
    "POWERTOOLS_SERVICE_NAME": "forgeledger",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}


def processor_seconds(code: str) -> float:
    answer = subprocess.run(
        [sys.executable, "-c", code + MEASURE],
        env={"PATH": os.environ["PATH"], **ENVIRONMENT},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(answer.stdout.splitlines()[-1])


def main(interpreters: int) -> int:
    codes = {"bare boto3": BARE}
    for name in ("intake", "relay", "api"):
        path = str(ROOT / "functions" / name / "app.py")
        codes[name] = IMPORT.format(path=path)
    for code in codes.values():
        processor_seconds(code)  # Leaves the bytecode behind, as a deployed layer has it.
    seconds: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(interpreters):
        for name, code in codes.items():
            seconds[name].append(processor_seconds(code))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bare = medians["bare boto3"]
    print(f"median of {interpreters} interpreters, processor time")
    missed = 0
    for name, median in medians.items():
        bound = BOUNDS.get(name)
        verdict = "" if bound is None else f"  (at most {bound})"
        missed += bound is not None and median / bare > bound
        print(f"  {name:<12} {median * 1000:7.0f} ms   x{median / bare:.2f}{verdict}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*numbers(__doc__, interpreters=20)))
