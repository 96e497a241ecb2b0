"""Measure the inputs of the capacity model: processor times, and the bytes of a journal row.

`python -m benchmarks.capacity.capacity_inputs` replaces the stored figures within seconds. It runs
the real functions on `benchmarks.cost.metered_cloud`. Times are processor time, calibrated.
"""

import json
import platform
import statistics
import sys
import warnings
from collections.abc import Iterator
from typing import Final

from benchmarks.calibration import Calibration
from benchmarks.capacity.capacity_model import MEASURED
from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.metered_functions import MeteredFunction
from benchmarks.cost.metered_table import decode_bytes
from benchmarks.lambda_environment import LEDGER_TABLE
from benchmarks.sample_items import item_name, make_items
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT, ITEMS_PER_REGISTRATION
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.storage.keys import HEAD_SK, ITEM_PREFIX, lane_pk
from forgeledger.sdk import Job, RegistrationOptions
from tests.support.row_sizes import row_bytes

# Items per batch, all in one lane; at most as many as one commit takes.
BATCHES: Final = (1, 10, 50, 90)
_BATCH_SAMPLES: Final = 12
_WARM_UP: Final = 3
_REQUEST_SAMPLES: Final = 5
_REGISTERING_LANES: Final = 16


class _Stopwatch:
    """The median processor time of a function's invocations, calibrated after each."""

    def __init__(self, function: MeteredFunction) -> None:
        self._function = function
        self._calibration = Calibration()
        self._seconds: list[float] = []
        self._before = 0.0

    def start(self) -> None:
        self._before = self._function.processor_seconds

    def stop(self) -> None:
        self._seconds.append(self._function.processor_seconds - self._before)
        self._calibration.sample()

    @property
    def seconds(self) -> float:
        return self._calibration.normalized(statistics.median(self._seconds))


def main() -> int:
    # Powertools' warnings, which would go to the function's log.
    warnings.simplefilter("ignore")
    registered, rows = _measure_registration()
    batches = {}
    for items in BATCHES:
        batches[str(items)], more_rows = _measure_batches(items)
        rows |= more_rows
    figures = {
        "python": platform.python_version(),
        "batchSecondsByItems": batches,
        "registeredItemSeconds": registered,
        "journalRowBytesByEvents": {str(events): rows[events] for events in sorted(rows)},
    }
    MEASURED.write_text(json.dumps(figures, indent=1) + "\n")
    print(MEASURED.read_text())
    return 0


def _measure_registration() -> tuple[float, dict[int, int]]:
    with metered_cloud() as cloud:
        watch = _Stopwatch(cloud.api)
        job = _create(cloud, _REGISTERING_LANES)
        for number in range(_WARM_UP + _REQUEST_SAMPLES):
            watch.start()
            _register(cloud, job, number * ITEMS_PER_REGISTRATION, ITEMS_PER_REGISTRATION)
            if number >= _WARM_UP:
                watch.stop()
        return round(watch.seconds / ITEMS_PER_REGISTRATION, 7), dict(_journal(cloud, job))


def _measure_batches(items: int) -> tuple[float, dict[int, int]]:
    """Each batch is one message with the claims and completes of so many items."""
    with metered_cloud() as cloud:
        watch = _Stopwatch(cloud.intake)
        job = _create(cloud, lanes=1)
        reporter = cloud.reporter()
        assert items <= ITEMS_PER_COMMIT
        for number in range(_WARM_UP + _BATCH_SAMPLES):
            first, invocations = number * items, cloud.intake.invocations
            _register(cloud, job, first, items)
            for index in range(first, first + items):
                with reporter.item(job.job_id, item_name(index)) as work:
                    work.result = {"pages": 3, "total": "129.90"}
            assert not reporter.flush().failed
            watch.start()
            cloud.deliver_messages()
            assert cloud.intake.invocations == invocations + 1
            if number >= _WARM_UP:
                watch.stop()
        reporter.close()
        return round(watch.seconds, 7), dict(_journal(cloud, job))


def _create(cloud: MeteredCloud, lanes: int) -> Job:
    return cloud.ledger().create_job("measured", lanes=lanes)


def _register(cloud: MeteredCloud, job: Job, first: int, number: int) -> None:
    items = make_items(range(first, first + number))
    options = RegistrationOptions(parallel=1)  # A function answers one request at a time.
    assert cloud.ledger().register(job.job_id, items, options=options).registered == number


def _journal(cloud: MeteredCloud, job: Job) -> Iterator[tuple[int, int]]:
    """The number of events and the bytes of each journal row."""
    for lane in range(job.lanes):
        answer = cloud.tables.perform(
            "Query",
            {
                "TableName": LEDGER_TABLE,
                "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": {":pk": {"S": lane_pk(job.job_id, lane)}},
            },
        )
        for row in map(decode_bytes, answer["Items"]):
            if row["SK"]["S"] != HEAD_SK and not row["SK"]["S"].startswith(ITEM_PREFIX):
                yield len(decode_journal_row(row).events), row_bytes(row)


if __name__ == "__main__":
    sys.exit(main())
