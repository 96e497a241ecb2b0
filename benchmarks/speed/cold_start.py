"""Processor time of each function's import, as a multiple of bare boto3 with a DynamoDB client.

Each import runs in fresh interpreters, which take turns; the medians are compared:
`python -m benchmarks.speed.cold_start [interpreters]`.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.arguments import parse_numbers
from benchmarks.lambda_environment import ENVIRONMENT

ROOT = Path(__file__).parent.parent.parent
BARE = "import boto3; boto3.client('dynamodb')"
IMPORT = "import runpy; runpy.run_path({path!r}, run_name='app')"
MEASURE = "\nimport time; print(time.process_time())"
BOUNDS = {"intake": 1.15}


def processor_seconds(code: str) -> float:
    process = subprocess.run(
        [sys.executable, "-c", code + MEASURE],
        env={
            "PATH": os.environ["PATH"],
            "POWERTOOLS_SERVICE_NAME": "forgeledger",
            **ENVIRONMENT,
        },
        capture_output=True,
        check=True,
        text=True,
    )
    return float(process.stdout.splitlines()[-1])


def main(interpreters: int) -> int:
    programs = {"bare boto3": BARE}
    for name in ("intake", "relay", "api"):
        path = str(ROOT / "functions" / name / "app.py")
        programs[name] = IMPORT.format(path=path)
    for code in programs.values():
        processor_seconds(code)  # Writes the bytecode, which a deployed layer has.
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(interpreters):
        for name, code in programs.items():
            seconds[name].append(processor_seconds(code))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bare = medians["bare boto3"]
    print(f"median of {interpreters} interpreters, processor time")
    missed = 0
    for name, median in medians.items():
        bound = BOUNDS.get(name)
        limit = "" if bound is None else f"  (at most {bound})"
        missed += bound is not None and median / bare > bound
        print(f"  {name:<12} {median * 1000:7.0f} ms   x{median / bare:.2f}{limit}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*parse_numbers(__doc__, interpreters=20)))
