"""Jobs of few items, created with them and sealed: what a job costs by itself."""

from dataclasses import dataclass
from typing import Any, Final

from benchmarks.calibration import Calibration
from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.metered_job import WARM_UP, Consumption, run
from benchmarks.cost.usage import Usage
from benchmarks.sample_items import item_name, make_items

# Measured together, since the time of a single one says little.
_JOBS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallJob:
    items: int
    lanes: int = 1

    @property
    def name(self) -> str:
        return f"small job of {self.items}, {self.lanes} lane{'s' * (self.lanes > 1)}"


ONE_ITEM: Final = SmallJob(items=1)
SMALL_JOBS: Final = (ONE_ITEM, SmallJob(items=10), SmallJob(items=10, lanes=4), SmallJob(items=90))


def measure_small(small: SmallJob, jobs: int = _JOBS) -> dict[str, Any]:
    """The figures of one such job, from its creation to the event of its verdict."""
    calibration = Calibration()
    with metered_cloud() as cloud:
        run(cloud, WARM_UP)
        before = Consumption.of(cloud)
        for _ in range(jobs):
            calibration.sample()
            _run(cloud, small)
        consumption = Consumption.of(cloud).since(before)
    processor_gb_seconds = calibration.normalized(consumption.processor_gb_seconds)
    usage = consumption.usage + Usage(lambda_gb_seconds=processor_gb_seconds)
    return {
        "items": small.items,
        "lanes": small.lanes,
        "requests": consumption.requests / jobs,
        "commits": consumption.commits / jobs,
        "usage": usage.times(1 / jobs).figures(),
    }


def _run(cloud: MeteredCloud, small: SmallJob) -> None:
    """All items are worked on at once, and each lane's reports are one message."""
    items = make_items(range(small.items))
    job = cloud.ledger().create_job("small", items=items, lanes=small.lanes, seal=True)
    reporter = cloud.reporter()
    for number in range(small.items):
        with reporter.item(job.job_id, item_name(number)) as work:
            work.result = {"pages": 3, "total": "129.90"}
    assert not reporter.flush().failed
    cloud.deliver_messages()
    reporter.close()
    events = [event["type"] for event in cloud.events if event["jobId"] == job.job_id]
    assert events == ["job.created", "job.sealed", "job.completed"], events
