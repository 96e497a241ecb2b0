"""Lists and explanations over HTTP, read page by page, must show what is stored."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import dropwhile
from operator import itemgetter
from typing import Any

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from tests.simulation.checks import Checks
from tests.simulation.event_checks import iso_time
from tests.simulation.http_side import request as send
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import (
    MOST_SHOWN,
    ListRequest,
    check_jobs,
    check_rejections,
    events_of,
    items_of,
    job_of,
)
from tests.simulation.world import SimulatedWorld

# More pages than any list has here.
_MOST_PAGES = 1_000


def _pages(
    world: SimulatedWorld, path: str, query: dict[str, Any], cursor: str = "cursor"
) -> list[Any]:
    """The bodies of all pages; each but the last says where the next one begins."""
    pages: list[Any] = []
    query = {name: str(value) for name, value in query.items() if value is not None}
    while len(pages) < _MOST_PAGES:
        page = send(world, "GET", path, query=query)
        if page["status"] != 200:
            raise Violation(f"{path} {query} is answered {page}")
        pages.append(page)
        if not page.get("more", page["nextCursor"] is not None):
            return pages
        query[cursor] = page["nextCursor"]
    raise Violation(f"{path} has no last page")


def _read_items(world: SimulatedWorld, request: ListRequest) -> list[Any]:
    query = {"state": request.state, "limit": request.limit}
    pages = _pages(world, f"/jobs/{request.job_id}/items", query)
    return [item for page in pages for item in page["items"]]


def _check_items(checks: Checks, request: ListRequest, listed: list[Any], _: int) -> None:
    expected = [
        item_shown(item)
        for item in items_of(checks, request.job_id)
        if request.state in (None, item.state)
    ]
    if listed != expected:
        raise Violation(f"{request}: shown {listed}, there are {expected}")


def _read_item(world: SimulatedWorld, request: ListRequest) -> list[Any]:
    path = f"/jobs/{request.job_id}/items/{request.item_id}"
    if request.item_id is None or send(world, "GET", path)["status"] == 404:
        return []
    return _pages(world, path, {})


def _check_item(checks: Checks, request: ListRequest, pages: list[Any], _: int) -> None:
    items = {item.item_id: item for item in items_of(checks, request.job_id)}
    item = items.get(request.item_id or "")
    if item is None or not pages:
        if item is not None or pages:
            raise Violation(f"{request}: shown {pages}, there is {item}")
        return
    for page in pages:
        expected = item_shown(item)
        if {name: page[name] for name in expected} != expected:
            raise Violation(f"{request}: shown {page}, there is {item}")
        if page["truncated"] is not (page["nextCursor"] is not None):
            raise Violation(f"{request}: truncated {page['truncated']}, {page['nextCursor']}")
    shown = [event for page in reversed(pages) for event in page["history"]]
    # Events that close the lane name no item.
    own_events = [event for event in shown if event["type"] != "gated"]
    events = events_of(checks, request.job_id)
    named = [event_shown(*entry) for entry in events if entry[2].item_id == request.item_id]
    # A history begins with the registration; what was rejected before it is in the journal only.
    expected_events = list(dropwhile(lambda event: event["type"] != "registered", named))
    if own_events != expected_events:
        raise Violation(f"{request}: shown {own_events}, there are {expected_events}")


def _read_journal(world: SimulatedWorld, request: ListRequest) -> list[Any]:
    path = f"/jobs/{request.job_id}/events"
    pages = _pages(world, path, {"limit": request.limit}, cursor="from")
    return [event for page in pages for event in page["events"]]


def _check_journal(checks: Checks, request: ListRequest, listed: list[Any], _: int) -> None:
    """Each lane's events in order, and so the facts."""
    shown: dict[int | None, list[Any]] = {}
    for entry in listed:
        shown.setdefault(entry.get("lane"), []).append(entry)
    expected: dict[int | None, list[Any]] = {}
    for fact in job_of(checks, request.job_id).facts:
        expected.setdefault(None, []).append(fact_shown(request.job_id, fact))
    for lane, offset, event in events_of(checks, request.job_id):
        expected.setdefault(lane, []).append(event_shown(lane, offset, event))
    if shown != expected:
        differing = [lane for lane in expected if shown.get(lane) != expected[lane]]
        raise Violation(f"{request}: lanes {differing} of {expected} are shown as {shown}")


def _read_jobs(world: SimulatedWorld, request: ListRequest) -> list[Any]:
    query = {"status": request.status, "limit": request.limit}
    return [job for page in _pages(world, "/jobs", query) for job in page["jobs"]]


def _check_jobs(checks: Checks, request: ListRequest, listed: list[Any], begun: int) -> None:
    wrong = [job for job in listed if request.status not in (None, job["status"])]
    for job in listed:
        known = job_of(checks, job["jobId"]).job
        if (job["status"], job["epoch"]) != (known.status, known.epoch):
            wrong.append(job)
    if wrong:
        raise Violation(f"{request}: shown {wrong}")
    check_jobs(checks, request, [job["jobId"] for job in listed], begun)


def _read_why(world: SimulatedWorld, request: ListRequest) -> Any:
    return send(world, "GET", f"/jobs/{request.job_id}/why")


def _check_why(checks: Checks, request: ListRequest, why: Any, _: int) -> None:
    observed = job_of(checks, request.job_id)
    counts = list(checks.jobs.total(observed.job).values())
    states = ("pending", "inProgress", "completed", "failed", "canceled")
    if [why[state] for state in states] != counts or why["total"] != sum(counts):
        raise Violation(f"{request}: explained {why}, the lanes count {counts}")
    if (why["jobId"], why["isComplete"]) != (request.job_id, observed.job.finished):
        raise Violation(f"{request}: explained {why} for {observed.job}")
    job, reasons_given = observed.job, why["reasons"]
    waits = job.status == "SCHEDULED" and job.ending is None
    if [waits, job.held and not waits] != [r in reasons_given for r in ("scheduled", "paused")]:
        raise Violation(f"{request}: explained {reasons_given} for {job}")
    if ("unsealed" in why["reasons"]) is not _waits_for_seal(observed.job):
        raise Violation(f"{request}: explained {why['reasons']} for {observed.job}")
    items = items_of(checks, request.job_id)
    # The first ones are those that were claimed longest ago.
    claimed = [item_shown(item) for item in items if item.state == "IN_PROGRESS"]
    oldest = sorted(claimed, key=itemgetter("claimedAt", "itemId"))
    shown = sorted(why["oldestInProgress"], key=itemgetter("claimedAt", "itemId"))
    if shown != why["oldestInProgress"] or (
        shown != [_brief(item) for item in oldest] and len(oldest) <= MOST_SHOWN
    ):
        raise Violation(f"{request}: explained {why['oldestInProgress']}, there are {oldest}")
    failed = Counter(item.failure.type for item in items if item.state == "FAILED" and item.failure)
    if {entry["type"]: entry["count"] for entry in why["failures"]} != failed:
        raise Violation(f"{request}: explained {why['failures']}, items failed by {failed}")
    reasons: Counter[str] = Counter()
    for rejection in why["rejections"]:
        reasons[rejection["reason"]] += rejection["count"]
    check_rejections(checks, request, reasons, len(why["rejections"]))


def _waits_for_seal(job: Job) -> bool:
    """Whether more items may come, and none that the job expects will seal it."""
    expected = job.spec.expected_items
    seals_itself = expected is not None and (
        job.epoch == 1 or job.counts_at_verdict.total < expected
    )
    return job.mode == "open" and not job.finished and not seals_itself


def _brief(shown: dict[str, Any]) -> dict[str, Any]:
    """Without payload and result."""
    return {name: value for name, value in shown.items() if name not in ("payload", "result")}


def item_shown(item: Item) -> dict[str, Any]:
    """An item as the contract has it in an answer."""
    failure = item.failure
    return {
        "itemId": item.item_id,
        "state": item.state,
        "attempt": item.attempt,
        "dispatch": item.dispatch or None,
        "kind": item.kind,
        "group": item.group,
        "workerId": item.worker_id,
        "leaseUntil": _time(item.lease_until),
        "dueAt": _time(item.due_at),
        "error": failure
        and {"type": failure.type, "message": failure.message, "retryable": failure.retryable},
        "createdAt": iso_time(item.created_at),
        "claimedAt": _time(item.claimed_at),
        "finishedAt": _time(item.finished_at),
        "updatedAt": iso_time(item.updated_at),
        "payload": _json(item.payload),
        "result": _json(item.result),
    }


def event_shown(lane: int, offset: int, event: Event) -> dict[str, Any]:
    failure, counts = event.failure, event.recount and event.recount.counts
    fields = {
        "type": event.kind,
        "at": iso_time(event.at),
        "lane": lane,
        "offset": offset,
        "itemId": event.item_id,
        "command": event.command,
        "reason": event.reason,
        "attempt": event.attempt,
        "dispatch": event.dispatch,
        "kind": event.item_kind,
        "group": event.group,
        "workerId": event.worker_id,
        "clientId": event.client_id,
        "leaseUntil": _time(event.lease_until),
        "dueAt": _time(event.due_at),
        "payload": _json(event.payload),
        "result": _json(event.result),
        "error": failure
        and {"type": failure.type, "message": failure.message, "retryable": failure.retryable},
        "ignored": list(event.ignored) or None,
        "gate": event.gate,
        "mode": event.mode,
        "held": event.held,
        "counts": counts and _counts(counts),
    }
    return {name: value for name, value in fields.items() if value is not None}


def fact_shown(job_id: str, fact: Fact) -> dict[str, Any]:
    fields = {
        "type": fact.kind,
        "at": iso_time(fact.at),
        "offset": fact.number,
        "reason": fact.reason,
        "eventId": event_id(job_id, fact)
        if fact.kind not in ("job.closing", "job.items_resumed")
        else None,
        "epoch": fact.epoch,
        "status": fact.status,
        "clientId": fact.client_id,
        "pausedUntil": _time(fact.paused_until),
        "counts": _counts(fact.counts),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _counts(counts: Any) -> dict[str, int]:
    shown = {
        "pending": counts.pending,
        "inProgress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "canceled": counts.canceled,
    }
    return {"total": sum(shown.values()), **shown}


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _time(at: int | None) -> str | None:
    return None if at is None else iso_time(at)


ROUTES: dict[str, tuple[Callable[[SimulatedWorld, ListRequest], Any], Callable[..., None]]] = {
    "items": (_read_items, _check_items),
    "an item's history": (_read_item, _check_item),
    "the journal": (_read_journal, _check_journal),
    "jobs": (_read_jobs, _check_jobs),
    "what it waits for": (_read_why, _check_why),
}
