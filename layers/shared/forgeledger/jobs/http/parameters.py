"""What routes take from the path and the query, each with its limits and its words."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from forgeledger.jobs.model import limits
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.web.cursors import is_like_a_cursor
from forgeledger.web.error_responses import wrong_field

JobId = Annotated[str, Path(alias="jobId", description="The job.")]
ItemId = Annotated[
    str,
    Path(
        alias="itemId",
        max_length=limits.ITEM_ID_CHARACTERS,
        description="The item, percent-encoded; a slash may stand as it is.",
    ),
]
Limit = Annotated[
    int, Query(ge=1, le=limits.PAGE_ROWS, description="How many at most; a page may be shorter.")
]
JobsLimit = Annotated[
    int, Query(ge=1, le=limits.PAGE_JOBS, description="How many at most; a page may be shorter.")
]


def _like_a_cursor(text: str) -> str:
    """Which list it belongs to is seen later; what is no cursor at all, with the other errors."""
    if not is_like_a_cursor(text):
        raise PydanticCustomError("cursor", "is not a cursor of this list")
    return text


_CursorText = Annotated[str, AfterValidator(_like_a_cursor)]
Cursor = Annotated[
    _CursorText | None, Query(description="`nextCursor` of the page before, of the same list.")
]
From = Annotated[
    _CursorText | None, Query(alias="from", description="`nextCursor` of the page before.")
]
FromAsCursor = Annotated[
    _CursorText | None,
    Query(alias="cursor", description="Another name of `from`, as other lists have it."),
]
StatusFilter = Annotated[JobStatus | None, Query(description="Only jobs of this status.")]
TagFilter = Annotated[
    str | None, Query(max_length=limits.TAG_CHARACTERS, description="Only jobs with this tag.")
]
StateFilter = Annotated[ItemState | None, Query(description="Only items of this state.")]

JOBS_A_PAGE = 50
ROWS_A_PAGE = 100


def checked(item_id: str) -> str:
    """An item id that can be the key of a row."""
    if len(item_id.encode()) > limits.ITEM_ID_BYTES:
        message = f"must be at most {limits.ITEM_ID_BYTES} bytes in UTF-8"
        raise wrong_field("itemId", "max_bytes", message)
    return item_id
