"""What the people of the simulation know: the jobs they made and what they asked of them."""

import zlib
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from tests.simulation.script import Theme

# Metadata and tags, one after the other: to draw them would change what is drawn after them.
_NOTES = (
    ("{}", ()),
    ('{"team":"night","parts":[1,2.5]}', ("night", "b")),
    ("{}", ("a b",)),
    ('{"of":"\u00e9"}', ()),
)

# Items with the request id under which they are registered.
Part = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class KnownJob:
    """A job whose creation was answered, with what its producer wants done."""

    job_id: str
    new: NewJob
    wanted: list[str]
    # Services of `wanted`, until registering them is answered.
    unanswered: list[Part] = field(default_factory=list)
    # What the ledger would not register.
    refused: set[str] = field(default_factory=set)
    # The highest attempt that a worker used for an item.
    attempts: dict[str, int] = field(default_factory=dict)
    # With so many parts unanswered its producer dies; None where it lives.
    dies_with: int | None = None
    # A producer that died sends nothing any more.
    orphaned: bool = False


def is_bad(item_id: str) -> bool:
    """Whether the work on this item fails, whoever tries."""
    return zlib.crc32(f"fate of {item_id}".encode()) % 3 == 0


def draw_job(random: Random, theme: Theme, number: int) -> tuple[NewJob, list[str]]:
    most = 2 if theme is Theme.FINISH else 6
    items = [f"{number}{letter}" for letter in "abcdefghijkl"[: random.randint(0, most)]]
    rules: dict[str, Any] = {
        "max_attempts": 1_000 if theme is Theme.PLAIN else random.choice((1, 2, 2, 3)),
        "lease_seconds": random.choice((0, 0, 20, 120)),
        "registers_on_the_way": random.random() < 0.3,
        "backoff_base_seconds": random.choice((0, 2, 2, 30)),
        # Low, so that a first attempt meets it.
        "backoff_cap_seconds": random.choice((1, 10)),
    }
    expected = len(items) if items and random.random() < 0.35 else None
    if expected is not None:
        rules["registers_on_the_way"] = True
    tolerance, deadline = Tolerance(), None
    if theme is Theme.TOLERANCE:
        tolerance = random.choice(
            (
                Tolerance(failures=0),
                Tolerance(failures=1),
                Tolerance(failure_percent=20.0),
                Tolerance(failures=2, failure_percent=50.0),
            )
        )
        deadline = random.choice((None, None, 60, 600))
    registered_at_once = items if random.random() < (0.7 if theme is Theme.FINISH else 0.3) else []
    metadata, tags = _NOTES[number % len(_NOTES)]
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
        seal=theme is not Theme.PLAIN and bool(registered_at_once) and random.random() < 0.5,
    )
    return new, items
