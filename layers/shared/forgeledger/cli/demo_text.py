"""The result of the demo: a report for people, one JSON document for programs."""

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


def document(result: DemoResult) -> dict[str, Any]:
    return {
        "allHeld": result.all_held,
        "job": result.job.raw,
        "events": list(result.events),
        "guarantees": [
            {"name": guarantee.name, "held": guarantee.held, "message": guarantee.message}
            for guarantee in result.guarantees
        ],
        "item": None if result.item is None else result.item.raw,
        "seconds": round(result.seconds, 3),
        "itemsPerSecond": result.items_per_second,
    }


def lines(result: DemoResult, *, stays_up: bool) -> Iterator[str]:
    job = result.job
    yield ""
    yield "The event as the target queue received it:"
    for event in result.events:
        yield from (f"  {line}" for line in json.dumps(event, indent=2).splitlines())
    yield ""
    yield "The job:"
    yield f"  {job_headline(job)}"
    yield f"  {_rate(result)}"
    if result.item is not None:
        yield ""
        yield f"What happened to {result.item.item_id}:"
        for row in aligned([event_cells(event) for event in result.item.history]):
            yield f"  {row}"
    yield ""
    yield "Guarantees:"
    for guarantee in result.guarantees:
        status = "held" if guarantee.held else "BROKEN"
        yield f"  {status:6}  {guarantee.name}: {guarantee.message}"
    if stays_up:
        program = _program()
        yield ""
        yield "Next, on the same local cloud:"
        yield f"  {program} job status {job.job_id} --local"
        yield f"  {program} job events {job.job_id} --local --limit 20"
        yield f"  {program} job create mine --local --expected-items 3"
        yield f"  {program} local down"


def _program() -> str:
    """The command that runs this program: its name, or its path if it is not on PATH."""
    if shutil.which("forgeledger"):
        return "forgeledger"
    script = Path(sys.executable).parent / "forgeledger"
    folder = Path.cwd()
    return str(script.relative_to(folder) if script.is_relative_to(folder) else script)


def _rate(result: DemoResult) -> str:
    total = f"{result.seconds:.1f} s from the first work message to the verdict"
    if result.items_per_second is None:
        return total
    return f"{total}; {result.items_per_second:,.0f} items/s between 10% and 90%"
