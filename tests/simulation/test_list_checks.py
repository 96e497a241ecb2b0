"""Who lists what is there has to find all of it, in order."""

from collections.abc import Iterator
from typing import Any

import pytest

from forgeledger.jobs.model.items import ItemState
from tests.simulation.clients import DynamoDBClient
from tests.simulation.history_run import History, enter
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import _LISTS, Wanted, _items
from tests.simulation.script import Kind, Script, Theme
from tests.simulation.steps import Step
from tests.simulation.world import Invocation


@pytest.fixture
def history() -> Iterator[History]:
    """The first in which a job has some items and one of them is in progress."""
    for seed in range(100):
        history = played(seed)
        if history.people.jobs:
            items = _items(history.checks, of_most_items(history).job_id)
            if len(items) > 2 and any(item.state == "IN_PROGRESS" for item in items):
                break
        history.world.end()
    else:
        pytest.fail("no job has so many items")
    yield history
    history.world.end()


def played(seed: int) -> History:
    """Some jobs with items, on which many work, where a page has one row."""
    steps = [
        Step(kind, 100 * seed + number)
        for kind, times in ((Kind.CREATE, 3), (Kind.REGISTER, 20), (Kind.ASK, 60))
        for number in range(times)
    ]
    script = Script(seed=1, theme=Theme.LIFE, steps=tuple(steps), rows_a_page=1, helped=False)
    history = enter(script)
    history.run_more(len(steps))
    history.world.now += 10_000
    return history


def of_most_items(history: History) -> Wanted:
    checks = history.checks
    job = max(history.people.jobs, key=lambda job: len(_items(checks, job.job_id)))
    item = max(_items(checks, job.job_id), key=lambda item: item.offset, default=None)
    return Wanted(job.job_id, item and item.item_id, None, limit=2)


def listed(history: History, what: str, wanted: Wanted) -> Any:
    def work(parts: Any) -> Any:
        return _LISTS[what][0](parts, wanted)

    return history.people._request(lambda: what, work, {})


def check(history: History, what: str, wanted: Wanted, found: Any) -> None:
    _LISTS[what][1](history.checks, wanted, found, history.world.now)


@pytest.mark.parametrize("what", _LISTS)
def test_what_is_there_is_listed(history: History, what: str) -> None:
    wanted = of_most_items(history)

    check(history, what, wanted, listed(history, what, wanted))


@pytest.mark.parametrize("what", [what for what in _LISTS if what != "what it waits for"])
@pytest.mark.parametrize("place", [0, -1])
def test_what_is_not_listed_is_missed(history: History, what: str, place: int) -> None:
    wanted = of_most_items(history)
    found = listed(history, what, wanted)
    assert len(found) > 1
    del found[place]

    with pytest.raises(Violation, match="Wanted"):
        check(history, what, wanted, found)


@pytest.mark.parametrize("what", ["items", "the journal", "jobs"])
def test_what_is_listed_is_listed_once(history: History, what: str) -> None:
    wanted = of_most_items(history)
    found = listed(history, what, wanted)

    with pytest.raises(Violation, match="Wanted"):
        check(history, what, wanted, [*found, found[-1]])


def test_of_one_state_only_its_items_are_listed(history: History) -> None:
    wanted = of_most_items(history)
    found = listed(history, "items", wanted)
    some = found[0].state
    others = Wanted(wanted.job_id, None, next(each for each in ItemState if each != some), 2)

    with pytest.raises(Violation, match="listed"):
        check(history, "items", others, found)
    check(history, "items", others, listed(history, "items", others))


def test_an_item_that_somebody_has_holds_its_job_up(history: History) -> None:
    wanted = of_most_items(history)
    found = listed(history, "what it waits for", wanted)
    object.__setattr__(found, "oldest_in_progress", ())

    with pytest.raises(Violation, match="are in progress"):
        check(history, "what it waits for", wanted, found)


def test_what_was_rejected_is_told_of_a_job_that_is_not_done(history: History) -> None:
    name = "what it waits for"
    rejected = next(
        wanted
        for job in history.people.jobs
        if listed(history, name, wanted := Wanted(job.job_id, None, None, 2)).rejections
    )
    found = listed(history, name, rejected)
    check(history, name, rejected, found)
    object.__setattr__(found, "rejections", ())

    with pytest.raises(Violation, match="are rejected, not"):
        check(history, name, rejected, found)


def test_a_page_has_as_many_rows_as_the_world_lets_it_have(history: History) -> None:
    job = history.people.jobs[0]
    request = {
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": {"S": f"JOB#{job.job_id}"}},
        "Limit": 5,
    }
    process = Invocation("api", {}, deadline=history.world.now + 1_000)

    _, page = history.world.invoke(process, lambda: DynamoDBClient(history.world).query(**request))

    assert len(page["Items"]) == 1
    assert page["LastEvaluatedKey"]["SK"] == page["Items"][0]["SK"]
