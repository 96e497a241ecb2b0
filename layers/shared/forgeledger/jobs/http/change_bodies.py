"""Request bodies of a job's changes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from forgeledger.jobs.http.request_bodies import Time, example
from forgeledger.web.models import RequestModel


class PauseJob(RequestModel):
    model_config = example({"until": "2026-12-01T09:00:00Z"})

    until: (
        Annotated[Time, Field(description="When the pause ends by itself, at most a year ahead.")]
        | None
    ) = None


class ReopenJob(RequestModel):
    model_config = example({"items": "resume"})

    # As `item` the job would run again without what was canceled, which no request then resumes.
    refuses_near_misses: ClassVar[bool] = True

    items: Annotated[
        Literal["resume"] | None,
        Field(description="`resume`: items that were canceled with the job are pending again."),
    ] = None
