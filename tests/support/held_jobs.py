"""What tests of held jobs do over HTTP: give times, claim, and let the relay look at a job."""

from typing import Any

from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.json_text import iso
from tests.support.api_callers import Caller, World

HOUR_SECONDS = 3_600


def relay(world: World, job_id: str) -> None:
    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)


def in_seconds(world: World, seconds: float) -> str:
    return iso(world.clock.now + round(seconds * 1000))


def job_in_an_hour(world: World, caller: Caller) -> str:
    """A sealed job with one item that starts in an hour."""
    return caller.new_job(items=["a"], seal=True, executeAt=in_seconds(world, HOUR_SECONDS))


def claim(caller: Caller, job_id: str, item_id: str = "a") -> Any:
    return caller.post(f"/jobs/{job_id}/items/{item_id}/claim", {"workerId": "w"})
