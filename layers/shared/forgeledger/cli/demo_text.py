"""What the demo showed: for people as a report, for programs as one document."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forgeledger.cli.event_text import event_cells
from forgeledger.cli.job_text import job_headline
from forgeledger.cli.output import aligned
from forgeledger.demo.scenario import DemoResult


def document(outcome: DemoResult) -> dict[str, Any]:
    return {
        "kept": outcome.kept,
        "job": outcome.job.raw,
        "events": list(outcome.events),
        "promises": [
            {"name": promise.name, "held": promise.held, "told": promise.told}
            for promise in outcome.promises
        ],
        "item": None if outcome.item is None else outcome.item.raw,
        "seconds": round(outcome.seconds, 3),
        "itemsPerSecond": outcome.items_per_second,
    }


def lines(outcome: DemoResult, *, stays_up: bool) -> Iterator[str]:
    job = outcome.job
    yield ""
    yield "The event, as the target queue received it:"
    for event in outcome.events:
        yield from (f"  {line}" for line in json.dumps(event, indent=2).splitlines())
    yield ""
    yield "The job:"
    yield f"  {job_headline(job)}"
    yield f"  {_rate(outcome)}"
    if outcome.item is not None:
        yield ""
        yield f"What happened to {outcome.item.item_id}:"
        for row in aligned([event_cells(event) for event in outcome.item.history]):
            yield f"  {row}"
    yield ""
    yield "Promises:"
    for promise in outcome.promises:
        yield f"  {'kept' if promise.held else 'BROKEN':6}  {promise.name}: {promise.told}"
    if stays_up:
        yield ""
        yield "Next, on the same local cloud:"
        program = _program()
        yield f"  {program} job status {job.job_id} --local"
        yield f"  {program} job events {job.job_id} --local --limit 20"
        yield f"  {program} job create mine --local --expected-items 3"
        yield f"  {program} local down"


def _program() -> str:
    """What to type to run this program: its name, or its path where the name is not found."""
    if shutil.which("forgeledger"):
        return "forgeledger"
    beside = Path(sys.executable).parent / "forgeledger"
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)


def _rate(outcome: DemoResult) -> str:
    whole = f"{outcome.seconds:.1f} s from the first work message to the verdict"
    if outcome.items_per_second is None:
        return whole
    return f"{whole}; {outcome.items_per_second:,.0f} items/s in its middle"
