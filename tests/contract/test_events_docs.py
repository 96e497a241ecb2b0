"""docs/events.md describes what the code publishes, and its rules select what they say."""

import json
import re
import shlex
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.jobs import FINISHED, Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.local.filters import matches
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "events.md").read_text()
README = (PROJECT / "README.md").read_text()


_DAY_MS = 24 * 3_600 * 1_000


class Bus:
    """Stores what was put on it, in the shape in which a target receives it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's spelling.
        for entry in Entries:
            self.events.append(
                {
                    "detail-type": entry["DetailType"],
                    "source": entry["Source"],
                    "time": f"{entry['Time']:%Y-%m-%dT%H:%M:%SZ}",
                    "resources": entry["Resources"],
                    "detail": json.loads(entry["Detail"]),
                }
            )
        return {"Entries": [{} for _ in Entries]}


class FinishedJobs:
    """Jobs with each possible verdict, and their events."""

    def __init__(self) -> None:
        self.ledger = Ledger(MemoryStore())
        self.bus = Bus()
        publisher = EventBridgePublisher(lambda: self.bus, "the-bus", self.ledger.runtime)
        fact_publisher = FactPublisher(facts=self.ledger.store, publisher=publisher)
        self.advancer = self.ledger.advancer_of(fact_publisher)

    def job(self, *items: str, **spec: Any) -> str:
        job_id = self.ledger.job(**spec)
        self.ledger.do(job_id, "register", *items)
        self.ledger.lifecycle.seal(job_id)
        return job_id

    def end(self, job_id: str, seconds: float = 0) -> None:
        self.ledger.now += int(seconds * 1000)
        self.advancer.advance(job_id)

    def run_the_example(self) -> None:
        """Two of twenty items fail; after a retry all are completed."""
        names = [f"invoice-{number}" for number in range(1, 21)]
        job_id = self.job(
            *names,
            name="nightly invoices",
            rules=LaneRules(max_attempts=3),
            metadata='{"team": "billing"}',
            tags=("billing",),
        )
        self.ledger.do(job_id, "complete", *names[2:])
        for name in names[:2] * 3:
            self.ledger.now += 1_000
            self.ledger.do(job_id, "fail", name)
        self.end(job_id, 35.25)
        self.ledger.do(job_id, "retry", *names[:2])
        self.ledger.do(job_id, "complete", *names[:2])
        self.end(job_id)

    def reach_other_verdicts(self) -> None:
        intolerant = self.job("a", "b", tolerance=Tolerance(failures=0))
        self.ledger.do(intolerant, "fail", "a")
        self.end(intolerant)
        late = self.job("a", deadline_seconds=60)
        self.end(late, 61)
        canceled = self.job("a")
        self.ledger.lifecycle.cancel(canceled)
        self.end(canceled)
        self._hold_one()
        abandoned = self.ledger.job()
        relay = replace(self.advancer, maximum_idle_ms=2 * _DAY_MS)
        for _ in range(4):
            self.ledger.now += _DAY_MS
            relay.advance(abandoned)

    def _hold_one(self) -> None:
        held = self.job("a", "b", execute_at=self.ledger.now + 60_000)
        self.ledger.do(held, "fail", "b")
        self.end(held)
        self.end(held, 60)
        self.ledger.lifecycle.pause(held, until=self.ledger.now + 60_000)
        self.end(held, 60)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    jobs = FinishedJobs()
    jobs.run_the_example()
    jobs.reach_other_verdicts()
    return jobs.bus.events


def rows(head: str) -> list[list[str]]:
    """The cells of the table whose first column has this heading."""
    table = PAGE.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def rules() -> dict[str, Any]:
    """The patterns of the put-rule commands, by the names of their rules."""
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("$(aws", "\naws")
    commands = re.findall(r"^aws events put-rule .*?\}'", script, re.DOTALL | re.MULTILINE)
    patterns = {}
    for command in commands:
        words = shlex.split(command)
        patterns[words[words.index("--name") + 1]] = json.loads(words[-1])
    return patterns


def selected_by(rule: Any, events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (event["detail-type"], event["detail"]["status"])
        for event in events
        if matches(rule, event)
    }


def test_the_types_are_those_that_are_published(events):
    published: dict[str, tuple[set[str], set[str]]] = {}
    for event in events:
        statuses, reasons = published.setdefault(event["detail-type"], (set(), set()))
        statuses.add(event["detail"]["status"])
        reasons |= {event["detail"]["reason"]} if "reason" in event["detail"] else set()

    documented = {
        row[0].strip("`"): (names(row[1]), names(row[2])) for row in rows("`detail-type`")
    }

    assert documented == published
    internal = {FactKind.CLOSING, FactKind.ITEMS_RESUMED}
    assert list(documented) == [kind.value for kind in FactKind if kind not in internal]


def test_each_status_of_a_completed_job_is_explained():
    statuses = {row[0].strip("`") for row in rows("`status` in `job.completed`")}

    completed = next(row for row in rows("`detail-type`") if row[0] == "`job.completed`")
    assert statuses == names(completed[1])


def test_the_fields_are_those_of_a_detail(events):
    documented = [row[0].strip("`") for row in rows("field")]

    for event in events:
        kind = event["detail-type"]
        with_reason = kind in ("job.failed", "job.canceled", "job.idle")
        more = ["pausedUntil"] * (kind == "job.paused") + ["reason"] * with_reason
        assert list(event["detail"]) == documented[:-2] + more
    assert documented[-2:] == ["pausedUntil", "reason"]


def test_the_example_is_the_event_of_such_a_job(events):
    example = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])

    set_by_eventbridge = {"version", "id", "account", "region"}
    ours = {name: value for name, value in example.items() if name not in set_by_eventbridge}
    assert ours in events
    assert example.keys() == ours.keys() | set_by_eventbridge
    assert example["detail"]["status"] == "COMPLETED_WITH_FAILURES"


def test_a_total_at_the_end_is_the_sum_that_the_page_says(events):
    for detail in (event["detail"] for event in events):
        ended = detail["completed"] + detail["failed"] + detail["canceled"]
        assert ended == detail["total"] or detail["status"] in ("RUNNING", "SCHEDULED")


def test_each_rule_picks_what_the_page_says(events):
    published = {(event["detail-type"], event["detail"]["status"]) for event in events}
    any_end = {(kind, status) for kind, status in published if status in FINISHED}
    assert {status for _, status in any_end} == FINISHED

    selected = {name: selected_by(rule, events) for name, rule in rules().items()}

    assert selected == {
        "job-ends": any_end,
        "job-succeeded": {("job.completed", "COMPLETED")},
        "job-troubled": any_end - {("job.completed", "COMPLETED")},
    }


def test_the_readme_has_the_rules_for_any_end_and_for_success():
    listen = README.partition("**4. Listen.**")[2]

    rule = json.loads(listen.partition("```json\n")[2].partition("```")[0])

    assert rule == rules()["job-ends"]
    success = {**rules()["job-succeeded"]}
    assert success.pop("source") == rule["source"]
    assert f"`{json.dumps(success)[1:-1]}`" in listen


@pytest.mark.parametrize("more", [{"tags": ["billing"]}, {"metadata": {"team": ["billing"]}}])
def test_a_rule_can_be_narrowed_as_the_page_says(events, more):
    assert f"`{json.dumps(more)[1:-1]}`" in PAGE
    rule = rules()["job-ends"]

    narrowed = [event for event in events if matches({**rule, "detail": more}, event)]

    assert {event["detail"]["name"] for event in narrowed} == {"nightly invoices"}
    assert len(narrowed) == 2


def test_the_consumer_acts_once_on_each_event_however_often_it_comes(events):
    program: dict[str, Any] = {}
    exec(PAGE.partition("```python\n")[2].partition("```")[0], program)  # noqa: S102 - It is the page's example.
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE events_seen (event_id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE jobs_ended (job_id TEXT, epoch INTEGER, status TEXT)")
    ends = [event for event in events if matches(rules()["job-ends"], event)]

    for event in ends * 3:
        program["on_job_end"](event, database)

    acted_on = database.execute("SELECT job_id, epoch, status FROM jobs_ended").fetchall()
    assert acted_on == [tuple(e["detail"][n] for n in ("jobId", "epoch", "status")) for e in ends]
