"""docs/states.md says what the code does."""

import re
from pathlib import Path

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.limits import ATTEMPTS_AHEAD
from forgeledger.jobs.model.outcomes import Reason
from tests.unit.jobs.model.test_state_table import ITEM, TABLE, lane_with

PAGE = (Path(__file__).parents[4] / "docs" / "states.md").read_text()
COLUMNS = {
    "unknown": "unknown",
    "unknown, on the way": "unknown, on the way",
    "`PENDING`": "pending",
    "`PENDING`, not due": "waiting",
    "`IN_PROGRESS`": "in progress",
    "`IN_PROGRESS`, lease over": "lease over",
    "`COMPLETED`": "completed",
    "`FAILED`": "failed",
    "`CANCELED`": "canceled",
}

# The states of the table as the diagram names them.
DRAWN = {
    "unknown": "[*]",
    "unknown, on the way": "[*]",
    "pending": ItemState.PENDING,
    "waiting": ItemState.PENDING,
    "in progress": ItemState.IN_PROGRESS,
    "lease over": ItemState.IN_PROGRESS,
    "failed": ItemState.FAILED,
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_commands_is_the_one_that_is_tested():
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    start = next(number for number, line in enumerate(lines) if cells(line)[1:] == [*COLUMNS])
    rows = [cells(line) for line in lines[start + 2 : start + 2 + len(CommandKind)]]
    documented = {
        (state, row[0]): cell
        for row in rows
        for state, cell in zip(COLUMNS.values(), row[1:], strict=True)
    }

    expected = {
        (state, kind): f"-> `{after}`"
        if outcome_kind == "applied"
        else f"`{reason}`"
        if reason
        else "duplicate"
        for state, kind, outcome_kind, reason, after in TABLE
    }
    assert documented == expected


def test_the_state_comes_before_the_attempt_where_the_page_says_so():
    sentence = "for a finished item, for a heartbeat or for a retry: that is the answer, whatever"
    assert sentence in " ".join(PAGE.split())

    for state, kind, outcome_kind, reason, _ in TABLE:
        # Register and expire do not reject, and an unknown item has no attempt.
        if state.startswith("unknown") or kind in {"register", "expire"}:
            continue
        outcome = lane_with(state).do(kind, ITEM, worker_id="w-2", attempt=ATTEMPTS_AHEAD + 2)

        finished = state in {"completed", "failed", "canceled"}
        state_first = outcome_kind != "applied" and (finished or kind in {"heartbeat", "retry"})
        expected = (outcome_kind, reason) if state_first else ("rejected", "unknown_attempt")
        assert (outcome.kind, outcome.reason) == expected, (state, kind)


def test_every_transition_of_the_table_is_in_the_diagram_of_items():
    diagram = PAGE.partition("```mermaid")[2].partition("```")[0]
    arrows = re.findall(r"^  (\S+) --> (\w+): (.*)$", diagram, re.MULTILINE)
    labels = {(before, after): label for before, after, label in arrows}

    for state, kind, outcome_kind, _, after in TABLE:
        if outcome_kind == "applied":
            before = DRAWN[state]
            # An item that is registered on the way is pending first.
            assert kind in labels[before, ItemState.PENDING if before == "[*]" else after]


def test_every_reason_is_explained():
    explained = re.findall(r"^\| (`.*?`) \|", PAGE.partition("### Reasons")[2], re.MULTILINE)

    names = {name for cell in explained for name in re.findall(r"`(\w+)`", cell)}

    assert names >= set(Reason)


def test_every_state_has_a_row_that_says_what_leaves_it():
    items, _, jobs = PAGE.partition("## Jobs")

    assert all(f"\n| `{state}` |" in items for state in ItemState)
    assert all(f"\n| `{status}` |" in jobs for status in JobStatus)


def test_every_status_is_in_the_diagrams_of_jobs():
    _, _, jobs = PAGE.partition("## Jobs")
    diagram = jobs.partition("```mermaid")[2].partition("```")[0]

    assert all(re.search(rf"\b{status}\b", diagram) for status in JobStatus)
