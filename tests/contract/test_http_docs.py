"""Every command of docs/http.md runs, in order, against the API."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from forgeledger.jobs.http.job_bodies import JobBody
from forgeledger.jobs.http.journal_bodies import ItemHistoryBody
from forgeledger.jobs.http.request_bodies import CreateJob, Policy
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.ids import lanes_for
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.usecases.explain_job import Cause
from forgeledger.rule_messages import Rule
from forgeledger.web import limits as web_limits
from tests.support.api_callers import Caller, make_world

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
API = "http://api"
LIMITS = [
    web_limits.HTTP_BODY_BYTES,
    limits.ITEMS_PER_REGISTRATION,
    limits.ITEM_ID_CHARACTERS,
    limits.ITEM_ID_BYTES,
    limits.ITEM_KIND_CHARACTERS,
    limits.PAYLOAD_BYTES,
    limits.RESULT_BYTES,
    limits.ERROR_TYPE_CHARACTERS,
    limits.ERROR_MESSAGE_BYTES,
    limits.WORKER_ID_CHARACTERS,
    limits.COMMAND_ID_CHARACTERS,
    web_limits.IDEMPOTENCY_KEY_CHARACTERS,
    limits.JOB_NAME_CHARACTERS,
    limits.JOB_KEY_CHARACTERS,
    limits.METADATA_BYTES,
    limits.TAGS_PER_JOB,
    limits.TAG_CHARACTERS,
    limits.LANES_PER_JOB,
    limits.EXPECTED_ITEMS,
    limits.TTL_DAYS,
    limits.DEADLINE_SECONDS,
    limits.ATTEMPTS_PER_ITEM,
    limits.LEASE_SECONDS,
    limits.BACKOFF_SECONDS,
    limits.PERMANENT_ERRORS,
    limits.PAGE_ROWS,
    limits.PAGE_JOBS,
]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: str | None
    headers: dict[str, str]


def commands():
    """The curl commands of the page, each with its lines joined."""
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        yield from re.findall(r"^curl .*?(?=^curl |^JOB=|\Z)", block, re.DOTALL | re.MULTILINE)


def read(command, job_id):
    words = shlex.split(command.replace("$API", API).replace("$JOB", job_id).replace("$KEY", "k"))
    options = list(zip(words[2::2], words[3::2], strict=True))
    path, _, query = words[1].removeprefix(API).partition("?")
    body = next((value for name, value in options if name == "--json"), None)
    given_method = next((value for name, value in options if name == "-X"), None)
    headers = dict(value.split(": ") for name, value in options if name == "-H")
    method = given_method or ("GET" if body is None else "POST")
    return Request(method, path, dict(re.findall(r"(\w+)=([^&]+)", query)), body, headers)


@pytest.fixture(scope="module")
def replies():
    """Each command with its reply, from an API that requires the key."""
    caller, job_id, replies = Caller(make_world().api(lambda: "k")), "", []
    for command in commands():
        request = read(command, job_id)
        reply = caller.send(
            caller.event(
                request.method,
                request.path,
                query=request.query,
                body=request.body,
                headers=request.headers,
            )
        )
        replies.append((command, reply))
        if reply.status == 201:
            job_id = reply.json["jobId"]
    return replies


def test_each_example_does_what_it_says(replies):
    for command, reply in replies:
        assert reply.status in (200, 201), (command, reply.text)


def test_each_route_has_an_example(replies):
    routes = {f"{method} {path}" for method, path, _ in make_world().api().app.table}

    # The page itself names its files.
    assert {reply.route for _, reply in replies} == routes - {"GET /swagger/{name}"}


def test_each_reason_is_explained():
    for reason in Reason:
        assert f"`{reason}`" in PAGE


def test_the_rules_of_wrong_fields_are_listed():
    sentence = PAGE.partition("\nRules: ")[2].partition("\n\n")[0]

    assert re.findall(r"`(\w+)`", sentence) == [*get_args(Rule)]


def test_each_field_of_a_creation_is_explained():
    table = PAGE.partition("### Create\n")[2].partition("```")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)

    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    fields = {field.alias or name for name, field in CreateJob.model_fields.items()}
    assert explained == fields - {"name"}


def section(title):
    return re.split(r"^#{2,4} ", PAGE.partition(f"# {title}\n")[2], flags=re.MULTILINE)[0]


def names(text):
    """What stands in backquotes in the first column of a table."""
    return re.findall(r"`([\w.]+)`", " ".join(re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)))


def aliases(model):
    return {field.alias or name for name, field in model.model_fields.items()}


def test_each_field_of_a_job_is_explained():
    assert set(names(section("One job"))) == aliases(JobBody)


def test_each_field_of_an_item_is_explained():
    own = {"lane", "history", "truncated", "nextCursor"}

    assert set(names(section("List items"))) == aliases(ItemHistoryBody) - own
    assert all(f"`{name}`" in section("One item") for name in own)


def test_each_type_of_the_journal_is_explained():
    assert sorted(set(names(section("Journal"))) - {"type"}) == sorted([*EventKind, *FactKind])


def test_each_reason_why_a_job_is_not_done_is_named():
    (row,) = re.findall(r"^\| `reasons` \| (.*) \|$", PAGE, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", row)) == set(Cause)


def test_the_rules_of_a_policy_have_their_defaults():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section("Policy"), re.MULTILINE)

    defaults = {f.alias or name: f.default for name, f in Policy.model_fields.items()}
    assert {name: None if text == "none" else int(text) for name, text in rows} == defaults


def test_the_table_of_lanes_is_the_rule_for_them():
    rows = re.findall(r"^\| (.*) \| (\d+) \|$", section("Lanes"), re.MULTILINE)
    bounds = [int(text.removeprefix("up to ").replace(",", "")) for text, _ in rows[1:-1]]
    lanes = [int(number) for _, number in rows]

    assert [text for text, _ in (rows[0], rows[-1])] == ["not known", "more"]
    assert lanes == [lanes_for(None), *map(lanes_for, bounds), lanes_for(limits.EXPECTED_ITEMS)]
    assert lanes[2:] == [lanes_for(bound + 1) for bound in bounds]


def test_the_table_of_limits_says_what_the_code_holds_to():
    table = PAGE.partition("## Limits")[2]
    numbers = re.findall(r"\| ([\d,]+) \|$", table, re.MULTILINE)

    documented = [int(number.replace(",", "")) for number in numbers]

    assert documented == LIMITS


def test_the_bounds_of_a_scan_are_those_that_the_code_holds_to():
    seconds, megabytes = limits.SCANNED_MS // 1_000, limits.SCANNED_BYTES // 1_000_000
    units, strongly = f"{limits.SCANNED_READ_UNITS:,}", f"{limits.STRONGLY_SCANNED_ITEMS:,}"

    assert f"after {units} read units, {seconds} seconds, or {megabytes} MB" in PAGE
    assert f"Up to {strongly} items are read strongly consistently" in PAGE
