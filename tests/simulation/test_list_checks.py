"""The checks of lists find missing, repeated and wrong entries."""

from collections.abc import Iterator
from typing import Any

import pytest

from forgeledger.jobs.model.items import ItemState
from tests.simulation.clients import DynamoDBClient
from tests.simulation.history_run import History, start_history
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import LISTS, ListRequest, items_of
from tests.simulation.script import Script
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload
from tests.simulation.world import Invocation


@pytest.fixture
def history() -> Iterator[History]:
    """The first history with a job of some items, one of which is in progress."""
    for seed in range(100):
        history = played(seed)
        if history.operators.jobs:
            items = items_of(history.checks, of_most_items(history).job_id)
            if len(items) > 2 and any(item.state == "IN_PROGRESS" for item in items):
                break
        history.world.close()
    else:
        pytest.fail("no job has so many items")
    yield history
    history.world.close()


def played(seed: int) -> History:
    """Some jobs with items and many commands, in a world with one row per page."""
    steps = [
        ScriptStep(kind, 100 * seed + number)
        for kind, times in (
            (StepKind.CREATE, 3),
            (StepKind.REGISTER, 20),
            (StepKind.HTTP_COMMAND, 60),
        )
        for number in range(times)
    ]
    script = Script(
        seed=1, workload=Workload.LIFECYCLE, steps=tuple(steps), page_bytes=1, assisted=False
    )
    history = start_history(script)
    history.run_steps(len(steps))
    history.world.now += 10_000
    return history


def of_most_items(history: History) -> ListRequest:
    checks = history.checks
    job = max(history.operators.jobs, key=lambda job: len(items_of(checks, job.job_id)))
    item = max(items_of(checks, job.job_id), key=lambda item: item.offset, default=None)
    return ListRequest(job.job_id, item and item.item_id, None, limit=2)


def listed(history: History, what: str, request: ListRequest) -> Any:
    def work(services: Any) -> Any:
        return LISTS[what][0](services, request)

    return history.operators._request(lambda: what, work, {})


def check(history: History, what: str, request: ListRequest, rows: Any) -> None:
    LISTS[what][1](history.checks, request, rows, history.world.now)


@pytest.mark.parametrize("what", LISTS)
def test_what_is_there_is_listed(history: History, what: str) -> None:
    request = of_most_items(history)

    check(history, what, request, listed(history, what, request))


@pytest.mark.parametrize("what", [what for what in LISTS if what != "what it waits for"])
@pytest.mark.parametrize("index", [0, -1])
def test_what_is_not_listed_is_missed(history: History, what: str, index: int) -> None:
    request = of_most_items(history)
    rows = listed(history, what, request)
    assert len(rows) > 1
    del rows[index]

    with pytest.raises(Violation, match="ListRequest"):
        check(history, what, request, rows)


@pytest.mark.parametrize("what", ["items", "the journal", "jobs"])
def test_what_is_listed_is_listed_once(history: History, what: str) -> None:
    request = of_most_items(history)
    rows = listed(history, what, request)

    with pytest.raises(Violation, match="ListRequest"):
        check(history, what, request, [*rows, rows[-1]])


def test_of_one_state_only_its_items_are_listed(history: History) -> None:
    request = of_most_items(history)
    rows = listed(history, "items", request)
    some = rows[0].state
    others = ListRequest(
        request.job_id, None, next(state for state in ItemState if state != some), 2
    )

    with pytest.raises(Violation, match="listed"):
        check(history, "items", others, rows)
    check(history, "items", others, listed(history, "items", others))


def test_an_item_that_somebody_has_holds_its_job_up(history: History) -> None:
    request = of_most_items(history)
    rows = listed(history, "what it waits for", request)
    object.__setattr__(rows, "oldest_in_progress", ())

    with pytest.raises(Violation, match="are in progress"):
        check(history, "what it waits for", request, rows)


def test_rejections_are_listed_for_a_job_that_is_not_done(history: History) -> None:
    name = "what it waits for"
    rejected = next(
        request
        for job in history.operators.jobs
        if listed(history, name, request := ListRequest(job.job_id, None, None, 2)).rejections
    )
    rows = listed(history, name, rejected)
    check(history, name, rejected, rows)
    object.__setattr__(rows, "rejections", ())

    with pytest.raises(Violation, match="are rejected, not"):
        check(history, name, rejected, rows)


def test_a_page_has_as_many_rows_as_the_world_lets_it_have(history: History) -> None:
    job = history.operators.jobs[0]
    request = {
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": {"S": f"JOB#{job.job_id}"}},
        "Limit": 5,
    }
    process = Invocation("api", {}, deadline=history.world.now + 1_000)

    _, page = history.world.invoke(process, lambda: DynamoDBClient(history.world).query(**request))

    assert len(page["Items"]) == 1
    assert page["LastEvaluatedKey"]["SK"] == page["Items"][0]["SK"]
