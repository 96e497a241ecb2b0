"""Measures what the capacity model takes as given of the code: times, and a journal row's bytes.

`python -m benchmarks.capacity.capacity_inputs` replaces the kept figures, in some seconds. The
functions are the real ones, on the metered services of `benchmarks.cost.metered_cloud`; times are
those of their processor alone, as on a quiet machine.
"""

import json
import platform
import statistics
import sys
import warnings
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.calibration import Yardstick
from benchmarks.capacity.capacity_model import MEASURED
from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.metered_functions import TABLE, Function
from benchmarks.cost.metered_job import API_URL, QUEUE_URL
from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT, ITEMS_PER_REGISTRATION
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.storage.keys import HEAD_SK, ITEM_PREFIX, lane_pk
from forgeledger.sdk import Job, Ledger, RegistrationOptions, Reporter
from tests.support.row_sizes import row_bytes

# Items of the one lane in a batch; no more than one commit takes.
BATCHES: Final = (1, 10, 50, 90)
_ROUNDS: Final = 12
_WARMING: Final = 3
_REQUESTS: Final = 5
_REGISTERING_LANES: Final = 16


class _Stopwatch:
    """Of one function: the median of its invocations, in units of a yardstick laid beside them."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._yardstick = Yardstick()
        self._seconds: list[float] = []
        self._before = 0.0

    def start(self) -> None:
        self._before = self._function.processor_seconds

    def stop(self) -> None:
        self._seconds.append(self._function.processor_seconds - self._before)
        self._yardstick.lay()

    @property
    def seconds(self) -> float:
        return self._yardstick.corrected(statistics.median(self._seconds))


def main() -> int:
    # Powertools warns of what it would warn of in Lambda; here it is thrown away with the log.
    warnings.simplefilter("ignore")
    registered, rows = _registering()
    batches = {}
    for items in BATCHES:
        batches[str(items)], written = _working(items)
        rows |= written
    told = {
        "python": platform.python_version(),
        "secondsOfABatchByItems": batches,
        "secondsOfARegisteredItem": registered,
        "bytesOfAJournalRowByEvents": {str(events): rows[events] for events in sorted(rows)},
    }
    MEASURED.write_text(json.dumps(told, indent=1) + "\n")
    print(MEASURED.read_text())
    return 0


def _registering() -> tuple[float, dict[int, int]]:
    with metered_cloud() as cloud:
        watch = _Stopwatch(cloud.api)
        job = _create(cloud, _REGISTERING_LANES)
        for number in range(_WARMING + _REQUESTS):
            watch.start()
            _register(cloud, job, number * ITEMS_PER_REGISTRATION, ITEMS_PER_REGISTRATION)
            if number >= _WARMING:
                watch.stop()
        return round(watch.seconds / ITEMS_PER_REGISTRATION, 7), dict(_journal(cloud, job))


def _working(items: int) -> tuple[float, dict[int, int]]:
    """Each batch is the claims and completes of so many items in one message."""
    with metered_cloud() as cloud:
        watch = _Stopwatch(cloud.intake)
        job = _create(cloud, lanes=1)
        reporter = Reporter(
            command_queue_url=QUEUE_URL,
            worker_id="worker-7",
            background=False,
            make_client=lambda: cloud.queue,
        )
        assert items <= ITEMS_PER_COMMIT
        for number in range(_WARMING + _ROUNDS):
            first, taken_in = number * items, cloud.intake.invocations
            _register(cloud, job, first, items)
            for each in range(first, first + items):
                with reporter.item(job.job_id, _name(each)) as work:
                    work.result = {"pages": 3, "total": "129.90"}
            assert not reporter.flush().failed
            watch.start()
            cloud.take_in_all()
            assert cloud.intake.invocations == taken_in + 1
            if number >= _WARMING:
                watch.stop()
        reporter.close()
        return round(watch.seconds, 7), dict(_journal(cloud, job))


def _create(cloud: MeteredCloud, lanes: int) -> Job:
    return Ledger(api_url=API_URL, transport=cloud.http).create_job("measured", lanes=lanes)


def _register(cloud: MeteredCloud, job: Job, first: int, number: int) -> None:
    items = (
        {"itemId": _name(each), "payload": {"url": f"s3://invoices/2026/11/{_name(each)}.pdf"}}
        for each in range(first, first + number)
    )
    one = RegistrationOptions(parallel=1)  # A function answers one request at a time.
    ledger = Ledger(api_url=API_URL, transport=cloud.http)
    assert ledger.register(job.job_id, items, options=one).registered == number


def _name(number: int) -> str:
    return f"invoice-{number:07d}"


def _journal(cloud: MeteredCloud, job: Job) -> Iterator[tuple[int, int]]:
    """Each row of the journal: how many events it holds, and in how many bytes."""
    for lane in range(job.lanes):
        found = cloud.tables.perform(
            "Query",
            {
                "TableName": TABLE,
                "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": {":pk": {"S": lane_pk(job.job_id, lane)}},
            },
        )
        for row in map(_stored, found["Items"]):
            if row["SK"]["S"] != HEAD_SK and not row["SK"]["S"].startswith(ITEM_PREFIX):
                yield len(decode_journal_row(row).events), row_bytes(row)


def _stored(row: dict[str, Any]) -> Row:
    """On the wire bytes stand in base64."""
    return {
        name: {"B": b64decode(value["B"])} if "B" in value else value for name, value in row.items()
    }


if __name__ == "__main__":
    sys.exit(main())
