"""Path and query parameters of the routes, with their limits and descriptions."""

import re
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from forgeledger.jobs.model import limits
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.web.cursors import is_like_a_cursor
from forgeledger.web.error_responses import invalid_field

JobId = Annotated[str, Path(alias="jobId", description="The job.")]
_ITEM = "The item, percent-encoded; a slash need not be."
ItemId = Annotated[
    str, Path(alias="itemId", max_length=limits.ITEM_ID_CHARACTERS, description=_ITEM)
]
_LIMIT = "How many at most; a page may have fewer."


def _decimal(text: Any) -> Any:
    """Python reads more as a number than people write: `1_0`, `1.0`, blanks, other digits."""
    if isinstance(text, str) and not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise PydanticCustomError("digits", "must be a whole number in decimal digits")
    return text


_Number = Annotated[int, BeforeValidator(_decimal)]
Limit = Annotated[_Number, Query(ge=1, le=limits.PAGE_ROWS, description=_LIMIT)]
JobsLimit = Annotated[_Number, Query(ge=1, le=limits.PAGE_JOBS, description=_LIMIT)]


def _like_a_cursor(text: str) -> str:
    """Report text that is no cursor with the other errors; `read_cursor` checks for which list."""
    if not is_like_a_cursor(text):
        raise PydanticCustomError("cursor", "is not a cursor of this list")
    return text


_Text = Annotated[str, AfterValidator(_like_a_cursor)] | None
Cursor = Annotated[_Text, Query(description="`nextCursor` of the previous page of the same list.")]
From = Annotated[_Text, Query(alias="from", description="`nextCursor` of the previous page.")]
FromAsCursor = Annotated[
    _Text,
    Query(alias="cursor", description="Another name of `from`, the one that other lists use."),
]
StatusFilter = Annotated[JobStatus | None, Query(description="Only jobs with this status.")]
TagFilter = Annotated[
    str | None, Query(max_length=limits.TAG_CHARACTERS, description="Only jobs with this tag.")
]
_NAME = "Only jobs whose name contains this text, whatever its case."
NameFilter = Annotated[
    str | None, Query(min_length=1, max_length=limits.JOB_NAME_CHARACTERS, description=_NAME)
]
StateFilter = Annotated[ItemState | None, Query(description="Only items in this state.")]
_ERROR_TYPE = "Only items whose latest failure is of this type, as in `error` or in `/why`."
ErrorTypeFilter = Annotated[
    str | None,
    Query(
        alias="errorType",
        min_length=1,
        max_length=limits.ERROR_TYPE_CHARACTERS,
        description=_ERROR_TYPE,
    ),
]
WorkerFilter = Annotated[
    str | None,
    Query(
        alias="workerId",
        min_length=1,
        max_length=limits.WORKER_ID_CHARACTERS,
        description="Only items that this worker claimed or ended last.",
    ),
]

JOBS_PER_PAGE = 50
ROWS_PER_PAGE = 100


def check_item_id(item_id: str) -> None:
    """The item id has to fit into the key of a row."""
    if len(item_id.encode()) > limits.ITEM_ID_BYTES:
        message = f"must be at most {limits.ITEM_ID_BYTES} bytes in UTF-8"
        raise invalid_field("itemId", "max_bytes", message)
