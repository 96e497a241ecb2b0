"""Lists, read page by page, must contain exactly what is stored."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.usecases.list_rejections import events_of_a_lane
from forgeledger.jobs.usecases.read_items import ItemFilter, ItemPosition, PastEvent
from forgeledger.jobs.usecases.read_journal import JournalPosition
from tests.simulation.checks import Checks
from tests.simulation.end_checks import CLOCK_SKEW_MS
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import Violation
from tests.simulation.state_oracle import effective_item

# The longest lag of an index behind its table.
_INDEX_LAG_MS = 3_000
# The explanation of a job lists so many entries of a kind at most.
MOST_SHOWN = 10
# Rejections for these reasons do not delay a job, and are not counted.
_HARMLESS = ("already_completed", "not_failed")
# Events that do not change an item's state.
_WITHOUT_CHANGE = frozenset({EventKind.DUPLICATE, EventKind.REJECTED})


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What to list of a job, with the size of a page."""

    job_id: str
    item_id: str | None
    state: ItemState | None
    limit: int
    # Only of a list of jobs over HTTP.
    status: JobStatus | None = None


def _read_items(services: Any, request: ListRequest) -> list[Item]:
    listed: list[Item] = []
    position: ItemPosition | None = ItemPosition()
    wanted = ItemFilter(state=request.state)
    while position is not None:
        page = services.items.page(request.job_id, wanted, position, request.limit)
        listed += page.items
        position = page.following
    return listed


def _check_items(checks: Checks, request: ListRequest, listed: list[Item], _: int) -> None:
    expected = [
        (item.item_id, item.state, item.attempt)
        for item in items_of(checks, request.job_id)
        if request.state in (None, item.state)
    ]
    shown = [(item.item_id, item.state, item.attempt) for item in listed]
    if shown != expected:
        raise Violation(f"{request}: listed {shown}, there are {expected}")


def _read_history(services: Any, request: ListRequest) -> list[PastEvent]:
    """Oldest first; empty for an unknown item."""
    listed: list[PastEvent] = []
    before: int | None = None
    while request.item_id is not None:
        page = services.items.history(request.job_id, request.item_id, before)
        if page is None:
            return []
        listed[:0] = page.events
        before = page.earlier
        if before is None:
            break
    return listed


def _check_history(checks: Checks, request: ListRequest, listed: list[PastEvent], _: int) -> None:
    # Events that close the lane name no item.
    own_events = [past for past in listed if past.event.kind is not EventKind.GATED]
    items = {item.item_id: item for item in items_of(checks, request.job_id)}
    item = items.get(request.item_id or "")
    offset = None if item is None else item.offset
    for past in reversed(own_events):
        if past.offset != offset or past.event.item_id != request.item_id:
            raise Violation(f"{request}: {past} does not follow from {offset}")
        offset = past.event.previous
    if offset is not None:
        raise Violation(f"{request}: the events up to {offset} are missing")
    closings = [past.offset for past in listed if past.event.kind is EventKind.GATED]
    expected_closings = (
        [] if item is None else _closing_of(checks, request.job_id, item, own_events)
    )
    if closings != expected_closings:
        raise Violation(f"{request}: canceled at {closings}, not at {expected_closings}")


def _closing_of(checks: Checks, job_id: str, item: Item, own_events: list[PastEvent]) -> list[int]:
    """The offset at which its lane canceled it: the first closing after its last change."""
    if item.state is not ItemState.CANCELED:
        return []
    last = max(
        (past for past in own_events if past.event.kind not in _WITHOUT_CHANGE),
        key=attrgetter("offset"),
    )
    if last.event.kind is EventKind.CANCELED:
        return []
    lanes = checks.jobs.lanes_of(job_of(checks, job_id).job)
    (lane,) = (lane for lane in lanes if item.item_id in lane.items)
    return [closing for closing in lane.closings if closing > last.offset][:1]


def _read_journal(services: Any, request: ListRequest) -> list[Any]:
    listed: list[Any] = []
    position, more = JournalPosition(), True
    while more:
        page = services.journal.page(request.job_id, position, request.limit)
        listed += page.entries
        position, more = page.following, page.more
    return listed


def _check_journal(checks: Checks, request: ListRequest, listed: list[Any], _: int) -> None:
    """All facts and all events of each lane, in order."""
    observed = job_of(checks, request.job_id)
    numbers: dict[int | None, list[int]] = {}
    for entry in listed:
        numbers.setdefault(entry.lane, []).append(entry.offset)
        if isinstance(entry.happened, Event) is (entry.lane is None):
            raise Violation(f"{request}: {entry} is of the wrong kind")
    expected: dict[int | None, list[int]] = {None: list(range(len(observed.facts)))}
    for lane in checks.jobs.lanes_of(observed.job):
        if lane.head.offset:
            expected[lane.head.lane] = list(range(lane.head.offset))
    if numbers != expected:
        raise Violation(f"{request}: listed {numbers}, there are {expected}")


def _read_jobs(services: Any, request: ListRequest) -> list[str]:
    listed: list[str] = []
    before: str | None = None
    while True:
        page, before = services.jobs.page(None, None, before, request.limit)
        listed += [view.job.job_id for view in page]
        if before is None:
            return listed


def check_jobs(checks: Checks, request: ListRequest, listed: list[str], begun: int) -> None:
    """Newest first; a job that just changed may be missing from the lagging index."""
    ids = {observed.job.job_id: observed for observed in checks.jobs.by_pk.values()}
    indexed = {
        job_id
        for job_id, observed in ids.items()
        if f"JOB#{job_id}" not in checks.expired_pks
        and observed.facts[-1].at + _INDEX_LAG_MS + CLOCK_SKEW_MS < begun
        and request.status in (None, observed.job.status)
    }
    if listed != sorted(set(listed), reverse=True) or not indexed <= set(listed) <= ids.keys():
        raise Violation(f"{request}: listed {listed}, there are {indexed} of {ids.keys()}")


def _read_why(services: Any, request: ListRequest) -> Any:
    return services.explainer.explain(request.job_id)


def _check_why(checks: Checks, request: ListRequest, listed: Any, _: int) -> None:
    items = items_of(checks, request.job_id)
    in_progress = {item.item_id for item in items if item.state == "IN_PROGRESS"}
    shown = {item.item_id for item in listed.oldest_in_progress}
    if (
        listed.following is not None
        or not shown <= in_progress
        or len(shown) != min(len(in_progress), MOST_SHOWN)
    ):
        raise Violation(f"{request}: {shown} are in progress, not {in_progress}")
    reasons: Counter[str] = Counter()
    for rejection in listed.rejections:
        reasons[rejection.reason] += rejection.count
    check_rejections(checks, request, reasons, len(listed.rejections))


def check_rejections(
    checks: Checks, request: ListRequest, reasons: Counter[str], shown: int
) -> None:
    """An explanation counts the rejections of the journal, unless it shows only some kinds."""
    expected = _rejected(job_of(checks, request.job_id), checks)
    if expected is not None and shown < MOST_SHOWN and reasons != expected:
        raise Violation(f"{request}: {reasons} are rejected, not {expected}")


def _rejected(observed: ObservedJob, checks: Checks) -> Counter[str] | None:
    """Rejected commands by reason; None if the journal is longer than what is read."""
    lanes = [lane for lane in checks.jobs.lanes_of(observed.job) if lane.head.offset]
    if any(lane.head.offset > events_of_a_lane(len(lanes)) for lane in lanes):
        return None
    if observed.job.finished:
        return Counter(_rejected_after_end(observed, checks))
    reasons = chain.from_iterable(chain(*(lane.reasons.values() for lane in lanes)))
    return Counter(reason for reason in reasons if reason not in _HARMLESS)


def _rejected_after_end(observed: ObservedJob, checks: Checks) -> Iterator[str]:
    """A closed lane ended with its closing, another one with its job."""
    heads = {lane.head.lane: lane.head for lane in checks.jobs.lanes_of(observed.job)}
    for lane, offset, event in events_of(checks, observed.job.job_id):
        head, reason = heads[lane], event.reason
        if head.mode == "closed":
            after = offset >= head.canceled_below
        else:
            after = event.at >= (observed.job.finished_at or 0)
        if after and reason is not None and event.command is not None:
            yield reason


def job_of(checks: Checks, job_id: str) -> ObservedJob:
    return checks.jobs.by_pk[f"JOB#{job_id}"]


def items_of(checks: Checks, job_id: str) -> list[Item]:
    """Effective items, by lane and name."""
    return [
        effective_item(lane.head, lane.items[item_id])
        for lane in checks.jobs.lanes_of(job_of(checks, job_id).job)
        for item_id in sorted(lane.items)
    ]


def events_of(checks: Checks, job_id: str) -> Iterator[tuple[int, int, Event]]:
    """The lane, offset and event of all events in the journal of a job."""
    for lane in checks.jobs.lanes_of(job_of(checks, job_id).job):
        partition = checks.world.tables.partition(f"JOB#{job_id}#{lane.head.lane}")
        for sk in sorted(sk for sk in partition if sk.startswith("LOG#")):
            row = decode_journal_row(partition[sk])
            for number, event in enumerate(row.entries, row.offset):
                yield lane.head.lane, number, event


LISTS: dict[str, tuple[Callable[[Any, ListRequest], Any], Callable[..., None]]] = {
    "items": (_read_items, _check_items),
    "an item's history": (_read_history, _check_history),
    "the journal": (_read_journal, _check_journal),
    "jobs": (_read_jobs, check_jobs),
    "what it waits for": (_read_why, _check_why),
}
