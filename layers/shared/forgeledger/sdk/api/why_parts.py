"""Several answers to why a job is not done, each about a part of its items, as one answer."""

from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from forgeledger.sdk.records import JsonObject

# How many items of a kind an answer shows.
_SHOWN: Final = 10


def read_whole(read: Callable[[str | None], JsonObject], cursor: str | None) -> JsonObject:
    """Read part after part, from the cursor to the end, and add them up."""
    whole = part = read(cursor)
    # A request without time for a page answers the cursor that it was given.
    while part.get("nextCursor") not in {None, cursor}:
        cursor = part["nextCursor"]
        part = read(cursor)
        whole = add_parts(whole, part)
    return whole


def add_parts(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """The later answer, with what the earlier one found as well. What is new is added here."""
    if later.get("isComplete"):
        # The job finished meanwhile, and nothing holds it up any more.
        return later
    return {
        **later,
        "reasons": _in_order(earlier.get("reasons") or (), later.get("reasons") or ()),
        "oldestInProgress": _first(
            earlier.get("oldestInProgress"), later.get("oldestInProgress"), "claimedAt"
        ),
        "expiredLeases": _found(
            earlier.get("expiredLeases"), later.get("expiredLeases"), "leaseUntil"
        ),
        "dueLater": _found(earlier.get("dueLater"), later.get("dueLater"), "dueAt"),
        "nextDueAt": _earliest(earlier.get("nextDueAt"), later.get("nextDueAt")),
        "retries": _sums(earlier.get("retries"), later.get("retries")),
        "itemsScanned": earlier.get("itemsScanned", 0) + later.get("itemsScanned", 0),
    }


def _in_order(earlier: Sequence[str], later: Sequence[str]) -> list[str]:
    """All reasons of both, each before those that it stands before in one of them."""
    merged = list(later)
    for index, reason in reversed(list(enumerate(earlier))):
        if reason not in merged:
            behind = [merged.index(name) for name in earlier[index + 1 :] if name in merged]
            merged.insert(min(behind, default=len(merged)), reason)
    return merged


def _found(earlier: JsonObject | None, later: JsonObject | None, time: str) -> JsonObject:
    earlier, later = earlier or {}, later or {}
    return {
        "count": earlier.get("count", 0) + later.get("count", 0),
        "items": _first(earlier.get("items"), later.get("items"), time),
    }


def _earliest(*times: str | None) -> str | None:
    return min((time for time in times if time is not None), default=None)


def _sums(earlier: Sequence[JsonObject] | None, later: Sequence[JsonObject] | None) -> list[Any]:
    """By type of error, most frequent first."""
    counts: Counter[str] = Counter()
    for found in (*(earlier or ()), *(later or ())):
        counts[found["type"]] += found["count"]
    return [{"type": name, "count": count} for name, count in counts.most_common()]


def _first(earlier: Sequence[Any] | None, later: Sequence[Any] | None, time: str) -> list[Any]:
    """Times of one format sort as texts."""
    return sorted([*(earlier or ()), *(later or ())], key=itemgetter(time, "itemId"))[:_SHOWN]
