"""The jobs that operators and producers know, and how new ones are drawn."""

import zlib
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from tests.simulation.workloads import Workload

# Chosen by the job's number: drawing them at random would change all later draws.
_METADATA_AND_TAGS = (
    ("{}", ()),
    ('{"team":"night","parts":[1,2.5]}', ("night", "b")),
    ("{}", ("a b",)),
    ('{"of":"\u00e9"}', ()),
)

# Also by number. 0: the rows of the job never expire.
_TTL_DAYS = (30, 30, 30, 0, 30, 90, 30)

# A request id, and the items that are registered with it.
Part = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class KnownJob:
    """A job whose creation was answered, and the items that its producer registers."""

    job_id: str
    new: NewJob
    item_ids: list[str]
    # Parts of `item_ids` whose registration was not answered yet.
    unregistered_parts: list[Part] = field(default_factory=list)
    # Items whose registration was rejected.
    rejected_items: set[str] = field(default_factory=set)
    # The highest attempt number that a worker used, by item.
    attempts: dict[str, int] = field(default_factory=dict)
    # The producer dies when this many parts are unregistered; None: it never dies.
    producer_dies_with: int | None = None
    # A dead producer sends no more requests.
    producer_died: bool = False


def is_bad(item_id: str) -> bool:
    """Whether work on this item fails in every attempt."""
    return zlib.crc32(f"fate of {item_id}".encode()) % 3 == 0


def draw_job(random: Random, workload: Workload, number: int) -> tuple[NewJob, list[str]]:
    most = 2 if workload is Workload.FINISH else 6
    items = [f"{number}{letter}" for letter in "abcdefghijkl"[: random.randint(0, most)]]
    rules: dict[str, Any] = {
        "max_attempts": 1_000 if workload is Workload.PLAIN else random.choice((1, 2, 2, 3)),
        "lease_seconds": random.choice((0, 0, 20, 120)),
        "registers_on_the_way": random.random() < 0.3,
        "backoff_base_seconds": random.choice((0, 2, 2, 30)),
        # Low, so that the cap applies to the first attempt already.
        "backoff_cap_seconds": random.choice((1, 10)),
    }
    expected = len(items) if items and random.random() < 0.35 else None
    if expected is not None:
        rules["registers_on_the_way"] = True
    tolerance, deadline = Tolerance(), None
    if workload is Workload.TOLERANCE:
        tolerance = random.choice(
            (
                Tolerance(failures=0),
                Tolerance(failures=1),
                Tolerance(failure_percent=20.0),
                Tolerance(failures=2, failure_percent=50.0),
            )
        )
        deadline = random.choice((None, None, 60, 600))
    registered_at_once = (
        items if random.random() < (0.7 if workload is Workload.FINISH else 0.3) else []
    )
    metadata, tags = _METADATA_AND_TAGS[number % len(_METADATA_AND_TAGS)]
    rules["ttl_days"] = _TTL_DAYS[number % len(_TTL_DAYS)]
    new = NewJob(
        name=f"job {number}",
        lanes=random.choice((1, 1, 2, 3)),
        rules=LaneRules(**rules),
        tolerance=tolerance,
        expected_items=expected,
        deadline_seconds=deadline,
        metadata=metadata,
        tags=tags,
        items=tuple(NewItem(item_id=item, payload=f'"{item}"') for item in registered_at_once),
        seal=workload is not Workload.PLAIN and bool(registered_at_once) and random.random() < 0.5,
    )
    return new, items


def described(new: NewJob) -> str:
    return (
        f"create {new.name} with {new.rules}, {new.lanes} lanes, items "
        f"{[item.item_id for item in new.items]}, expects {new.expected_items}, "
        f"{new.tolerance}, deadline {new.deadline_seconds}, seal {new.seal}"
    )
