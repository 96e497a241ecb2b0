"""What lists and explanations over HTTP show wrongly is noticed."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.simulation.history_run import History
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import ListRequest, items_of
from tests.simulation.route_checks import ROUTES
from tests.simulation.test_list_checks import of_most_items, played


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    """A history of which all that is shown has something in it; nothing changes it."""
    for seed in range(200):
        history = played(seed)
        if history.operators.jobs and _has_everything(history):
            break
        history.world.close()
    else:
        pytest.fail("no history has all of it")
    yield history
    history.world.close()


def _has_everything(history: History) -> bool:
    request = of_most_items(history)
    items = items_of(history.checks, request.job_id)
    if len(items) < 3 or not {"IN_PROGRESS", "FAILED"} <= {item.state for item in items}:
        return False
    return bool(shown(history, "what it waits for", request)["rejections"])


def shown(history: History, what: str, request: ListRequest) -> Any:
    return history.operators._request(
        lambda: what, lambda _: ROUTES[what][0](history.world, request), {}
    )


def check(history: History, what: str, request: ListRequest, content: Any) -> None:
    ROUTES[what][1](history.checks, request, content, history.world.now)


@pytest.mark.parametrize("what", ROUTES)
def test_what_is_stored_is_shown(history: History, what: str) -> None:
    request = of_most_items(history)

    check(history, what, request, shown(history, what, request))


@pytest.mark.parametrize("what", ["items", "the journal", "jobs"])
@pytest.mark.parametrize("index", [0, -1])
def test_what_is_missing_is_noticed(history: History, what: str, index: int) -> None:
    request = of_most_items(history)
    rows = shown(history, what, request)
    del rows[index]

    with pytest.raises(Violation, match="ListRequest"):
        check(history, what, request, rows)


@pytest.mark.parametrize(
    ("what", "field"),
    [
        *(("items", name) for name in ("state", "attempt", "workerId", "updatedAt", "result")),
        *(("the journal", name) for name in ("type", "at", "offset")),
        *(("jobs", name) for name in ("jobId", "status", "epoch")),
    ],
)
def test_what_is_wrong_in_a_row_is_noticed(history: History, what: str, field: str) -> None:
    request = of_most_items(history)
    rows = shown(history, what, request)
    other = {"jobId": rows[-1].get("jobId"), "offset": 4_711}.get(field, "wrong")
    rows[0] = rows[0] | {field: other}

    with pytest.raises(Violation):
        check(history, what, request, rows)


@pytest.mark.parametrize(
    "field", ["pending", "total", "isComplete", "reasons", "oldestInProgress", "failures"]
)
def test_a_wrong_explanation_is_noticed(history: History, field: str) -> None:
    request = of_most_items(history)
    why = deepcopy(shown(history, "what it waits for", request))
    other = {"pending": 99, "total": 99, "isComplete": not why["isComplete"]}.get(field)
    if other is None:
        reasons = {"unsealed"} ^ set(why["reasons"])
        other = sorted(reasons) if field == "reasons" else why[field][1:]
    why[field] = other

    with pytest.raises(Violation, match="explained"):
        check(history, "what it waits for", request, why)


def test_rejections_that_are_not_explained_are_noticed(history: History) -> None:
    request = of_most_items(history)
    why = shown(history, "what it waits for", request)

    with pytest.raises(Violation, match="are rejected, not"):
        check(history, "what it waits for", request, why | {"rejections": []})


def test_a_history_that_lacks_an_event_is_noticed(history: History) -> None:
    request = of_most_items(history)
    pages = deepcopy(shown(history, "an item's history", request))
    del pages[-1]["history"][0]

    with pytest.raises(Violation, match="there are"):
        check(history, "an item's history", request, pages)


def test_an_item_that_is_not_found_is_noticed(history: History) -> None:
    request = of_most_items(history)

    with pytest.raises(Violation, match="there is"):
        check(history, "an item's history", request, [])


def test_jobs_of_one_status_are_shown(history: History) -> None:
    request = of_most_items(history)
    some = ListRequest(request.job_id, None, None, 2, shown(history, "jobs", request)[0]["status"])

    check(history, "jobs", some, shown(history, "jobs", some))
    with pytest.raises(Violation, match="shown"):
        check(history, "jobs", some, [{"jobId": request.job_id, "status": "SCHEDULED", "epoch": 1}])
