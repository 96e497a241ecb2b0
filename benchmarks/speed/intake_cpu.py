"""The intake's processor time for a batch of ten, as a multiple of its two bare boto3 calls.

The deployed handler and a script that sends the same two requests take turns. The AWS endpoint of
both is a stub in another process with prepared responses:
`python -m benchmarks.speed.intake_cpu [turns]`.
"""

import contextlib
import json
import os
import runpy
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3

from benchmarks.arguments import parse_numbers
from benchmarks.engine_ledger import ledger_on_engine
from benchmarks.lambda_environment import LambdaContext
from benchmarks.speed.stub_endpoint import StubEndpoint
from forgeledger.aws import clients
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import group_of

ROOT = Path(__file__).parent.parent.parent
BOUND = 1.5
BATCHES_PER_TURN = 20
NAMES = [f"invoice-{number:06d}" for number in range(10)]


def batch(job_id: str) -> dict[str, Any]:
    """Ten messages of one lane with a `complete` each."""
    sample = json.loads((ROOT / "events" / "intake-claim-complete.json").read_text())
    record = sample["Records"][1]
    attributes = {**record["attributes"], "MessageGroupId": group_of(job_id, 0)}
    records = []
    for number, name in enumerate(NAMES):
        command = {
            "type": "complete",
            "jobId": job_id,
            "itemId": name,
            "attempt": 1,
            "workerId": "worker-7",
            "at": "2026-11-21T10:00:00Z",
            "result": {"pages": number},
        }
        records.append(
            {
                **record,
                "messageId": f"message-{number}",
                "body": json.dumps(command),
                "attributes": attributes,
            }
        )
    return {"Records": records}


@contextlib.contextmanager
def discarded_output() -> Iterator[None]:
    """The handler writes its log and metrics as in Lambda, into /dev/null."""
    sys.stdout.flush()
    stdout = os.dup(1)
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(stdout, 1)
            os.close(stdout)


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(BATCHES_PER_TURN):
        work()
    return (time.process_time() - start) / BATCHES_PER_TURN


def main(turns: int) -> int:
    with ledger_on_engine() as ledger:
        job_id = ledger.new_job(lanes=1)
        for kind in (CommandKind.REGISTER, CommandKind.CLAIM):
            commands = [
                Command(kind=kind, item_id=name, command_id=f"{kind}-{name}", worker_id="worker-7")
                for name in NAMES
            ]
            ledger.lane_writer.apply(job_id, 0, commands)
        event = batch(job_id)
        with discarded_output():
            calls = ledger.calls_of(lambda: load_handler()(event, LambdaContext()))
    read, write = calls
    assert [read.operation, write.operation] == ["BatchGetItem", "TransactWriteItems"]
    with StubEndpoint({call.operation: call.response for call in calls}) as stub:
        os.environ["AWS_ENDPOINT_URL"] = stub.url
        # The cached clients record their calls, which takes processor time.
        clients.function_session.cache_clear()
        handler, bare = load_handler(), boto3.client("dynamodb")

        def intake() -> None:
            assert handler(event, LambdaContext()) == {"batchItemFailures": []}

        def bare_calls() -> None:
            bare.batch_get_item(**read.parameters)
            bare.transact_write_items(**write.parameters)

        with discarded_output():
            intake()
            bare_calls()
            samples = [
                (processor_seconds(intake), processor_seconds(bare_calls)) for _ in range(turns)
            ]
    intake_median = statistics.median(first for first, _ in samples)
    bare_median = statistics.median(second for _, second in samples)
    ratio = statistics.median(first / second for first, second in samples)
    print(f"a batch of {len(NAMES)}, median of {turns} turns of {BATCHES_PER_TURN}, processor time")
    print(f"  intake           {intake_median * 1e3:6.2f} ms")
    print(f"  two bare calls   {bare_median * 1e3:6.2f} ms")
    print(f"  ratio            x{ratio:.2f}  (at most {BOUND})")
    return int(ratio > BOUND)


def load_handler() -> Callable[[dict[str, Any], Any], Any]:
    """The handler as Lambda loads it; its clients use the endpoint in the environment."""
    return runpy.run_path(str(ROOT / "functions" / "intake" / "app.py"), run_name="app")["handler"]


if __name__ == "__main__":
    sys.exit(main(*parse_numbers(__doc__, turns=15)))
