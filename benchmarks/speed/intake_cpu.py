"""The intake's processor time for a batch of ten, as a multiple of its two bare boto3 calls.

The AWS endpoint is a stub in another process that gives ready-made answers, the same ones to
both: the handler as it is deployed, and a script that sends the same two requests ready-made.
The two take turns: `python -m benchmarks.speed.intake_cpu [turns]`.
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

from benchmarks.arguments import numbers
from benchmarks.engine_ledger import ledger_on_engine
from benchmarks.speed.stub_endpoint import StubEndpoint
from forgeledger.aws import clients
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import group_of

ROOT = Path(__file__).parent.parent.parent
BOUND = 1.5
BATCHES_A_TURN = 20
NAMES = [f"invoice-{number:06d}" for number in range(10)]


class Context:
    """What the handler and its logger ask of Lambda's context."""

    function_name = "intake"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:intake"
    aws_request_id = "059f36b4-87a3-44ab-83d2-661975830a7d"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def batch(job_id: str) -> dict[str, Any]:
    """Ten messages of one lane, a completion each."""
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
def silence() -> Iterator[None]:
    """The handler writes its log and metrics as ever, and nobody sees them."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(BATCHES_A_TURN):
        work()
    return (time.process_time() - start) / BATCHES_A_TURN


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
        with silence():
            calls = ledger.calls_of(lambda: load_handler()(event, Context()))
    read, write = calls
    assert [read.operation, write.operation] == ["BatchGetItem", "TransactWriteItems"]
    with StubEndpoint({call.operation: call.answer for call in calls}) as stub:
        os.environ["AWS_ENDPOINT_URL"] = stub.url
        # The clients so far are listened to, which takes time of its own.
        clients.function_session.cache_clear()
        handler, bare = load_handler(), boto3.client("dynamodb")

        def ours() -> None:
            assert handler(event, Context()) == {"batchItemFailures": []}

        def bare_calls() -> None:
            bare.batch_get_item(**read.parameters)
            bare.transact_write_items(**write.parameters)

        with silence():
            ours()
            bare_calls()
            samples = [
                (processor_seconds(ours), processor_seconds(bare_calls)) for _ in range(turns)
            ]
    our_median = statistics.median(first for first, _ in samples)
    bare_median = statistics.median(second for _, second in samples)
    ratio = statistics.median(first / second for first, second in samples)
    print(f"a batch of {len(NAMES)}, median of {turns} turns of {BATCHES_A_TURN}, processor time")
    print(f"  intake           {our_median * 1e3:6.2f} ms")
    print(f"  two bare calls   {bare_median * 1e3:6.2f} ms")
    print(f"  ratio            x{ratio:.2f}  (at most {BOUND})")
    return int(ratio > BOUND)


def load_handler() -> Callable[[dict[str, Any], Any], Any]:
    """The handler as Lambda loads it, with clients for the endpoint in the environment."""
    return runpy.run_path(str(ROOT / "functions" / "intake" / "app.py"), run_name="app")["handler"]


if __name__ == "__main__":
    sys.exit(main(*numbers(__doc__, turns=15)))
