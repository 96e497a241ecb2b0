"""docs/architecture.md names the frames that a message passes through, and every folder."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.parallel import with_threads
from tests.crashes.stage import CrashStage, RecordingBus
from tests.crashes.streamed_tables import TableInProcess

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "architecture.md").read_text()
PACKAGE = PROJECT / "layers" / "shared" / "forgeledger"


def call_stack() -> list[str]:
    """The product's frames between its handler and the caller of this function."""
    frames = []
    frame = sys._getframe(1)
    while frame is not None:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_qualname
        # A comprehension has a frame until Python 3.11.
        if not name.endswith("<listcomp>"):
            if path.is_relative_to(PACKAGE):
                frames.append(f"{path.relative_to(PACKAGE)}: {name}")
            elif path.is_relative_to(PROJECT / "functions"):
                frames.append(f"{path.relative_to(PROJECT)}: {name}")
        frame = frame.f_back
    return [frame.replace(".<locals>", "") for frame in reversed(frames)]


class RecordingTable(TableInProcess):
    """The table in this process, with the call stack of each transaction and what it wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.stacks: list[tuple[str, list[str]]] = []

    def transact_write_items(self, **request: Any) -> None:
        super().transact_write_items(**request)
        self.stacks.append((str(request["TransactItems"]), call_stack()))

    def stack_of(self, written: str) -> list[str]:
        """The call stack of the one transaction that wrote such a text."""
        (stack,) = [stack for actions, stack in self.stacks if written in actions]
        return stack


class TracedBus(RecordingBus):
    def __init__(self) -> None:
        super().__init__()
        self.stacks: list[list[str]] = []

    def put_events(self, **request: Any) -> dict[str, Any]:
        self.stacks.append(call_stack())
        return super().put_events(**request)


@pytest.fixture(scope="module")
def stage() -> CrashStage:
    """A job of one item that was completed by a message, and its events."""
    stage = CrashStage(RecordingTable(), bus=TracedBus())
    stage.runtime = replace(stage.runtime, parallel=with_threads)
    stage.open(lanes=1, expected_items=1, rules=LaneRules(registers_on_the_way=True))
    stage.consume(stage.message("m1", {"type": "complete", "itemId": "invoice-17"}))
    return stage


def frames_on_the_page(heading: str) -> list[str]:
    section = PAGE.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"^\| \d+ \| `([^`]+)` \|", section, re.MULTILINE)


def test_the_way_to_the_transaction_is_the_one_that_a_command_takes(stage):
    stack = stage.table.stack_of("ITEM#invoice-17")

    assert frames_on_the_page("From the handler to TransactWriteItems") == stack


def test_the_way_to_the_verdict_is_the_one_that_a_stream_record_takes(stage):
    stack = stage.table.stack_of("job.completed")

    assert frames_on_the_page("From the stream record of a head to the verdict") == stack


def test_the_way_to_the_event_is_the_one_that_a_fact_takes(stage):
    (stack,) = {tuple(stack) for stack in stage.bus.stacks}

    assert stage.events()[-1] == "1:job.completed"
    assert tuple(frames_on_the_page("From a stream record to the event")) == stack


def test_the_way_from_the_last_item_of_a_sealed_job_needs_no_stream():
    stage = CrashStage(TableInProcess(), bus=TracedBus())
    stage.runtime = replace(stage.runtime, parallel=with_threads)
    stage.open(lanes=1)
    stage.register(["invoice-17"], seal=True)
    events_before = len(stage.bus.stacks)

    stage.consume(stage.message("m1", {"type": "complete", "itemId": "invoice-17"}))

    stack, *repeated = stage.bus.stacks[events_before:]
    assert stage.events()[-1] == "1:job.completed"
    assert frames_on_the_page("From the last item to the event") == stack
    assert repeated == []


def test_every_folder_is_on_the_page():
    package = PAGE.partition("layers/shared/forgeledger/\n")[2].partition("tests/")[0]
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    capability_parts = {path.name for path in folders if path.parent == PACKAGE / "jobs"}
    top = {path.relative_to(PACKAGE).parts[0] for path in folders}

    assert top <= set(re.findall(r"^  (\w+)/ ", package, re.MULTILINE))
    assert capability_parts == set(re.findall(r"^    (\w+)/ ", package, re.MULTILINE))


def test_every_file_that_the_page_names_exists():
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)", PAGE))

    assert len(named) > 10
    assert all((PACKAGE / name).exists() or (PROJECT / name).exists() for name in named)
