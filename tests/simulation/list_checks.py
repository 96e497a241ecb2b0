"""Somebody lists what is there, page by page, and is to find all of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any

from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.usecases.list_rejections import events_of_a_lane
from forgeledger.jobs.usecases.read_items import ItemPosition, PastEvent
from forgeledger.jobs.usecases.read_journal import JournalPosition
from tests.simulation.checks import Checks
from tests.simulation.end_checks import CLOCKS_DIFFER_MS
from tests.simulation.job_checks import JobTruth
from tests.simulation.lambdas import Faults
from tests.simulation.lane_checks import Violation
from tests.simulation.operators import People
from tests.simulation.state_oracle import as_it_stands

# How far an index is behind its table at most.
_LAG_MS = 3_000
_STATES = (None, None, *ItemState)
# Few of them, or all.
_PAGES = (2, 100)
# So many at the most are shown of what a job waits for.
_SHOWN = 10
# What these say of an item does not hold its job up.
_HARMLESS = ("already_completed", "not_failed")
# Events after which an item is as it was.
_WITHOUT_CHANGE = frozenset({EventKind.DUPLICATE, EventKind.REJECTED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of a job, so many rows at once."""

    job_id: str
    item_id: str | None
    state: ItemState | None
    limit: int


def list_some(people: People, random: Random, faults: Faults) -> None:
    world = people.world
    job = random.choice(people.jobs)
    item_id = random.choice(job.wanted) if job.wanted else None
    wanted = Wanted(job.job_id, item_id, random.choice(_STATES), random.choice(_PAGES))
    what = random.choices(list(_LISTS), _OFTEN)[0]
    read, check = _LISTS[what]
    commits, begun = world.commits, world.now
    found = people._request(
        lambda: f"list {what} of {job.new.name}", lambda parts: read(parts, wanted), faults
    )
    checks = world.observer
    # Who lists while others write may find either.
    if found is not None and commits == world.commits and isinstance(checks, Checks):
        check(checks, wanted, found, begun)


def _read_items(parts: Any, wanted: Wanted) -> list[Item]:
    found: list[Item] = []
    position: ItemPosition | None = ItemPosition()
    while position is not None:
        page = parts.items.page(wanted.job_id, wanted.state, position, wanted.limit)
        found += page.items
        position = page.following
    return found


def _check_items(checks: Checks, wanted: Wanted, found: list[Item], _: int) -> None:
    there = [
        (item.item_id, item.state, item.attempt)
        for item in _items(checks, wanted.job_id)
        if wanted.state in (None, item.state)
    ]
    shown = [(item.item_id, item.state, item.attempt) for item in found]
    if shown != there:
        raise Violation(f"{wanted}: listed {shown}, there are {there}")


def _read_history(parts: Any, wanted: Wanted) -> list[PastEvent]:
    """Oldest first; of an item that nobody registered there is none."""
    found: list[PastEvent] = []
    before: int | None = None
    while wanted.item_id is not None:
        page = parts.items.history(wanted.job_id, wanted.item_id, before)
        if page is None:
            return []
        found[:0] = page.events
        before = page.earlier
        if before is None:
            break
    return found


def _check_history(checks: Checks, wanted: Wanted, found: list[PastEvent], _: int) -> None:
    # An item that the closing of its lane canceled is not named by it.
    own = [each for each in found if each.event.kind is not EventKind.GATED]
    items = {item.item_id: item for item in _items(checks, wanted.job_id)}
    item = items.get(wanted.item_id or "")
    offset = None if item is None else item.offset
    for past in reversed(own):
        if past.offset != offset or past.event.item_id != wanted.item_id:
            raise Violation(f"{wanted}: {past} does not follow from {offset}")
        offset = past.event.previous
    if offset is not None:
        raise Violation(f"{wanted}: nothing is told of {offset} and before it")
    closings = [each.offset for each in found if each.event.kind is EventKind.GATED]
    lawful = [] if item is None else _closing_of(checks, wanted.job_id, item, own)
    if closings != lawful:
        raise Violation(f"{wanted}: canceled at {closings}, not at {lawful}")


def _closing_of(checks: Checks, job_id: str, item: Item, own: list[PastEvent]) -> list[int]:
    """Where a lane that closed canceled it: the first time after it was last changed."""
    if item.state is not ItemState.CANCELED:
        return []
    changed = max(each.offset for each in own if each.event.kind not in _WITHOUT_CHANGE)
    lanes = checks.jobs.lanes_of(_job(checks, job_id).job)
    (lane,) = (lane for lane in lanes if item.item_id in lane.items)
    return [closing for closing in lane.closings if closing > changed][:1]


def _read_journal(parts: Any, wanted: Wanted) -> list[Any]:
    found: list[Any] = []
    position, more = JournalPosition(), True
    while more:
        page = parts.journal.page(wanted.job_id, position, wanted.limit)
        found += page.entries
        position, more = page.following, page.more
    return found


def _check_journal(checks: Checks, wanted: Wanted, found: list[Any], _: int) -> None:
    """All facts and all events of each lane, each of them in order."""
    truth = _job(checks, wanted.job_id)
    numbers: dict[int | None, list[int]] = {}
    for entry in found:
        numbers.setdefault(entry.lane, []).append(entry.offset)
        if isinstance(entry.happened, Event) is (entry.lane is None):
            raise Violation(f"{wanted}: {entry} is in the wrong place")
    there: dict[int | None, list[int]] = {None: list(range(len(truth.facts)))}
    for lane in checks.jobs.lanes_of(truth.job):
        if lane.head.offset:
            there[lane.head.lane] = list(range(lane.head.offset))
    if numbers != there:
        raise Violation(f"{wanted}: told {numbers}, there are {there}")


def _read_jobs(parts: Any, wanted: Wanted) -> list[str]:
    found: list[str] = []
    before: str | None = None
    while True:
        page, before = parts.jobs.page(None, None, before, wanted.limit)
        found += [each.job.job_id for each in page]
        if before is None:
            return found


def _check_jobs(checks: Checks, wanted: Wanted, found: list[str], begun: int) -> None:
    """Newest first; one that just changed may be between two parts of the index."""
    ids = {truth.job.job_id: truth for truth in checks.jobs.truths.values()}
    settled = {
        job_id
        for job_id, truth in ids.items()
        if f"JOB#{job_id}" not in checks.gone
        and truth.facts[-1].at + _LAG_MS + CLOCKS_DIFFER_MS < begun
    }
    if found != sorted(set(found), reverse=True) or not settled <= set(found) <= ids.keys():
        raise Violation(f"{wanted}: listed {found}, there are {settled} of {ids.keys()}")


def _read_why(parts: Any, wanted: Wanted) -> Any:
    return parts.explainer.explain(wanted.job_id)


def _check_why(checks: Checks, wanted: Wanted, found: Any, _: int) -> None:
    items = _items(checks, wanted.job_id)
    taken = {item.item_id for item in items if item.state == "IN_PROGRESS"}
    shown = {item.item_id for item in found.oldest_in_progress}
    if not found.scanned_all or not shown <= taken or len(shown) != min(len(taken), _SHOWN):
        raise Violation(f"{wanted}: {shown} are in progress, not {taken}")
    told: Counter[Reason] = Counter()
    for rejection in found.rejections:
        told[rejection.reason] += rejection.count
    there = _rejected(_job(checks, wanted.job_id), checks)
    if there is not None and len(found.rejections) < _SHOWN and told != there:
        raise Violation(f"{wanted}: {found.rejections} are rejected, not {there}")


def _rejected(truth: JobTruth, checks: Checks) -> Counter[Reason] | None:
    """How many commands were rejected for each reason; None where there are more than are read."""
    lanes = [lane for lane in checks.jobs.lanes_of(truth.job) if lane.head.offset]
    if truth.job.finished:
        return Counter()
    if any(lane.head.offset > events_of_a_lane(len(lanes)) for lane in lanes):
        return None
    reasons = chain.from_iterable(chain(*(lane.reasons.values() for lane in lanes)))
    return Counter(reason for reason in reasons if reason not in _HARMLESS)


def _job(checks: Checks, job_id: str) -> JobTruth:
    return checks.jobs.truths[f"JOB#{job_id}"]


def _items(checks: Checks, job_id: str) -> list[Item]:
    """By lane and name, as they stand."""
    return [
        as_it_stands(lane.head, lane.items[item_id])
        for lane in checks.jobs.lanes_of(_job(checks, job_id).job)
        for item_id in sorted(lane.items)
    ]


_LISTS: dict[str, tuple[Callable[[Any, Wanted], Any], Callable[..., None]]] = {
    "items": (_read_items, _check_items),
    "an item's history": (_read_history, _check_history),
    "the journal": (_read_journal, _check_journal),
    "jobs": (_read_jobs, _check_jobs),
    "what it waits for": (_read_why, _check_why),
}
# Where only a query says whether there is more, more goes wrong.
_OFTEN = (3, 1, 1, 1, 3)
