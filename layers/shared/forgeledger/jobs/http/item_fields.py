"""Types of the fields that items have, in whichever body they stand."""

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from forgeledger.jobs.messages.field_checks import bytes_at_most, json_text, queue_text
from forgeledger.jobs.model import limits

ItemId = Annotated[
    str,
    Field(min_length=1, max_length=limits.ITEM_ID_CHARACTERS),
    AfterValidator(partial(bytes_at_most, limits.ITEM_ID_BYTES)),
]
# After validation it is JSON text.
Payload = Annotated[Any, AfterValidator(partial(json_text, limits.PAYLOAD_BYTES))]
ItemKind = Annotated[str, Field(min_length=1, max_length=limits.ITEM_KIND_CHARACTERS)]
# What SQS takes in the id of a message group.
QueueText = Annotated[
    str, Field(min_length=1, max_length=limits.GROUP_CHARACTERS), AfterValidator(queue_text)
]
ErrorType = Annotated[str, Field(min_length=1, max_length=limits.ERROR_TYPE_CHARACTERS)]
