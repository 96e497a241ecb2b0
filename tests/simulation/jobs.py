"""The jobs that operators and producers know, and how new ones are drawn."""

import zlib
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import LaneRules, number_of_type
from forgeledger.jobs.usecases.create_job import NewJob
from tests.simulation.drawn_items import new_item
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

_RUN_SECONDS = (0, 0, 0, 15, 150)
_PERMANENT_ERRORS: tuple[tuple[str, ...], ...] = ((), ("Passing", "Error0"), ("TimedOut",))
# Also by number: how long after it is asked for a job is to start.
_START_DELAYS_MS = (None, 300, 5_000, 60_000, 400_000)

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
    # The dispatch that a worker is to have a message of next, by item.
    dispatches: dict[str, int] = field(default_factory=dict)
    # The producer dies when this many parts are unregistered; None: it never dies.
    producer_dies_with: int | None = None
    # A dead producer sends no more requests.
    producer_died: bool = False


def is_bad(item_id: str) -> bool:
    """Whether work on this item fails in every attempt."""
    return zlib.crc32(f"fate of {item_id}".encode()) % 3 == 0


def draw_job(
    random: Random, workload: Workload, number: int, now: int = 0
) -> tuple[NewJob, list[str]]:
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
    execute_at = None
    if workload is Workload.HELD:
        delay_ms = _START_DELAYS_MS[number % len(_START_DELAYS_MS)]
        execute_at = None if delay_ms is None else now + delay_ms
        deadline = (None, 60, None, 600)[number // 7 % 4]
    registered_at_once = (
        items if random.random() < (0.7 if workload is Workload.FINISH else 0.3) else []
    )
    metadata, tags = _METADATA_AND_TAGS[number % len(_METADATA_AND_TAGS)]
    rules["ttl_days"] = _TTL_DAYS[number % len(_TTL_DAYS)]
    permanent: tuple[str, ...] = ()
    if workload is not Workload.PLAIN:
        rules |= _rules_by_number(rules, number)
        permanent = _PERMANENT_ERRORS[number // 5 % len(_PERMANENT_ERRORS)]
        rules["permanent_errors"] = tuple(map(number_of_type, permanent))
    new = NewJob(
        name=f"job {number}",
        lanes=random.choice((1, 1, 2, 3)),
        rules=LaneRules(**rules),
        tolerance=tolerance,
        permanent_errors=permanent,
        expected_items=expected,
        deadline_seconds=deadline,
        execute_at=execute_at,
        metadata=metadata,
        tags=tags,
        items=tuple(new_item(item) for item in registered_at_once),
        seal=workload is not Workload.PLAIN and bool(registered_at_once) and random.random() < 0.5,
    )
    return new, items


def _rules_by_number(rules: dict[str, Any], number: int) -> dict[str, Any]:
    """Every third job dispatches; such a job has leases and registers nothing on the way."""
    more: dict[str, Any] = {"run_seconds": _RUN_SECONDS[number // 2 % len(_RUN_SECONDS)]}
    if number % 3 == 1:
        lease_seconds = rules["lease_seconds"] or 20
        more |= {"dispatched": True, "lease_seconds": lease_seconds, "registers_on_the_way": False}
    return more


def with_deadline(new: NewJob, number: int) -> NewJob:
    """Where the clock runs, some jobs more have a deadline."""
    seconds = new.deadline_seconds or (None, 20, 600, None, 130)[number % 5]
    return replace(new, deadline_seconds=seconds)


def described(new: NewJob) -> str:
    return (
        f"create {new.name} with {new.rules}, {new.lanes} lanes, items "
        f"{[item.item_id for item in new.items]}, expects {new.expected_items}, "
        f"{new.tolerance}, deadline {new.deadline_seconds}, seal {new.seal}, "
        f"at {new.execute_at}"
    )
