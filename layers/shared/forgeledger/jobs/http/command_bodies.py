"""Request bodies of the commands for one item, with their limits."""

from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from forgeledger.jobs.http.item_fields import ErrorType
from forgeledger.jobs.http.request_bodies import example
from forgeledger.jobs.messages.command_fields import ERROR, RESULT
from forgeledger.jobs.messages.field_checks import (
    bytes_at_most,
    check_time,
    json_text,
    milliseconds,
)
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.items import Failure
from forgeledger.web.models import RequestModel

WorkerId = Annotated[str, Field(min_length=1, max_length=limits.WORKER_ID_CHARACTERS)]
CommandId = Annotated[str, Field(min_length=1, max_length=limits.COMMAND_ID_CHARACTERS)]
# After validation it is JSON text.
Result = Annotated[Any, AfterValidator(partial(json_text, limits.RESULT_BYTES))]


class ItemCommand(RequestModel):
    """The fields that every command for one item may have."""

    attempt: Annotated[int, Field(ge=1, le=limits.ATTEMPT_NUMBER)] | None = None
    worker_id: WorkerId | None = None
    command_id: CommandId | None = None
    at: Annotated[str, AfterValidator(check_time)] | None = None

    def command(
        self, kind: CommandKind, item_id: str, default_id: str, ignored: tuple[str, ...] = ()
    ) -> Command:
        """The command with the id in the body, or else with `default_id`."""
        # Each kind of command has some of these fields.
        fields = dict(self)
        error = fields.get("error")
        return Command(
            kind=kind,
            item_id=item_id,
            command_id=self.command_id or default_id,
            attempt=self.attempt,
            worker_id=self.worker_id,
            lease_seconds=fields.get("lease_seconds"),
            result=fields.get("result"),
            failure=None if error is None else Failure(**dict(error)),
            dispatch=fields.get("dispatch"),
            retry_after_seconds=fields.get("retry_after_seconds"),
            sent_at=None if self.at is None else milliseconds(self.at),
            ignored=ignored,
        )


class WorkCommand(ItemCommand):
    """The body of what a worker says of its work message."""

    dispatch: Annotated[
        Annotated[int, Field(ge=1, le=limits.ATTEMPT_NUMBER)] | None,
        Field(description="Which dispatch its work message was for."),
    ] = None


class LeaseCommand(WorkCommand):
    """The body of a claim or a heartbeat."""

    model_config = example({"workerId": "w-3", "leaseSeconds": 300})

    lease_seconds: Annotated[int, Field(ge=1, le=limits.LEASE_SECONDS)] | None = None


class CompleteItem(WorkCommand):
    model_config = example({"workerId": "w-3", "attempt": 1, "result": {"pages": 3}})

    # Under another name it would be lost for good.
    refuses_near_misses: ClassVar[frozenset[str]] = frozenset({RESULT.name})

    result: Result = None


class ErrorBody(RequestModel):
    # As `retriable: false` the failure would be retried.
    refuses_near_misses: ClassVar[bool] = True

    type: ErrorType
    message: Annotated[str, AfterValidator(partial(bytes_at_most, limits.ERROR_MESSAGE_BYTES))] = ""
    retryable: bool = True


class FailItem(WorkCommand):
    model_config = example(
        {"attempt": 1, "error": {"type": "Timeout", "message": "no answer", "retryable": True}}
    )

    refuses_near_misses: ClassVar[frozenset[str]] = frozenset({ERROR.name})

    error: ErrorBody | None = None
    retry_after_seconds: Annotated[
        Annotated[int, Field(ge=0, le=limits.RETRY_AFTER_SECONDS)] | None,
        Field(description="How long the item waits, in place of the policy's backoff."),
    ] = None
