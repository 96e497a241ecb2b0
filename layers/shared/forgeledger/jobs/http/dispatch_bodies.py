"""How a job's items are handed out: the fields of a creation, and what they rule out."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field

from forgeledger.jobs.http.item_fields import ItemKind, Payload, QueueText
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.jobs import DispatchSpec
from forgeledger.jobs.services import Services
from forgeledger.rule_messages import Rule
from forgeledger.web.error_responses import invalid_field, invalid_request
from forgeledger.web.models import RequestModel
from forgeledger.web.problems import FieldError

if TYPE_CHECKING:
    from forgeledger.jobs.http.request_bodies import CreateJob

_QUEUE_ARN: Final = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,75}(\.fifo)?")
# What a job of one item takes from its `work`.
_SET_BY_WORK: Final = ("items", "expected_items", "planned_items", "auto_register", "lanes")


def _queue_arn(text: str) -> str:
    if not _QUEUE_ARN.fullmatch(text):
        raise ValueError("must be the ARN of an SQS queue")
    return text


class Dispatch(RequestModel):
    # A misspelt limit would silently be none.
    model_config = ConfigDict(extra="forbid")

    max_in_flight: Annotated[
        Annotated[int, Field(ge=1, le=limits.ITEMS_IN_FLIGHT)] | None,
        Field(description="So many items are handed out at once; unless given, any number."),
    ] = None
    fairness_key: Annotated[
        QueueText | None,
        Field(
            description="SQS serves such groups of a standard queue in turn; unless given, jobs."
        ),
    ] = None
    items_per_message: Annotated[
        int,
        Field(ge=1, le=limits.ITEMS_PER_WORK_MESSAGE, description="As many as fit in a message."),
    ] = 1
    queue_arn: Annotated[
        Annotated[str, AfterValidator(_queue_arn)] | None,
        Field(description="A queue of your own, which the parameter WorkQueueArns lists."),
    ] = None

    def spec(self) -> DispatchSpec:
        return DispatchSpec(
            max_in_flight=self.max_in_flight,
            fairness_key=self.fairness_key,
            items_per_message=self.items_per_message,
            queue_arn=self.queue_arn,
        )


class Work(RequestModel):
    """The one item of a job that is submitted with its work."""

    model_config = ConfigDict(extra="forbid")

    kind: ItemKind
    payload: Payload = None
    run_seconds: Annotated[int, Field(ge=1, le=limits.LEASE_SECONDS)] | None = None


def check_dispatch(services: Services, body: "CreateJob") -> None:
    """Refuse what does not go together, or needs what the deployment does not have."""
    if not services.execution:
        asked = "work" if body.dispatch is None else "dispatch"
        message = "needs a deployment with the parameter Execution on"
        raise invalid_field(asked, "execution_off", message)
    if errors := list(_errors(body, services.queue_arns)):
        raise invalid_request(*errors)


def _errors(body: "CreateJob", queue_arns: tuple[str, ...]) -> Iterator[FieldError]:
    if body.auto_register and body.work is None:
        yield _error("autoRegister", "excluded", "cannot be given to a job with dispatch")
    if body.policy.lease_seconds == 0 and "lease_seconds" in body.policy.model_fields_set:
        message = "must be at least 1: only a lease shows that a worker died"
        yield _error("policy.leaseSeconds", "lease_required", message)
    if body.work is not None:
        yield from _work_errors(body)
    if body.dispatch is not None:
        yield from _queue_errors(body.dispatch, body.lanes, queue_arns)


def _work_errors(body: "CreateJob") -> Iterator[FieldError]:
    for name in _SET_BY_WORK:
        if name in body.model_fields_set:
            alias = str(type(body).model_fields[name].alias)
            yield _error(alias, "excluded", "cannot be given with work, which is the one item")
    assert body.work is not None
    if body.work.run_seconds is not None and body.policy.run_seconds is not None:
        message = "cannot be given with work.runSeconds"
        yield _error("policy.runSeconds", "excluded", message)


def _queue_errors(
    dispatch: Dispatch, lanes: int | None, queue_arns: tuple[str, ...]
) -> Iterator[FieldError]:
    window, arn = dispatch.max_in_flight, dispatch.queue_arn
    if window is not None and lanes is not None and window < lanes:
        yield _error("lanes", "maximum", f"must be at most maxInFlight, {window}")
    if arn is None:
        return
    if arn not in queue_arns:
        message = "must be listed by the deployment's parameter WorkQueueArns"
        yield _error("dispatch.queueArn", "queue_not_listed", message)
    if arn.endswith(".fifo"):
        if dispatch.items_per_message > 1:
            yield _error("dispatch.itemsPerMessage", "maximum", "must be 1 with a FIFO queue")
        if dispatch.fairness_key is not None:
            message = "cannot be given with a FIFO queue, whose groups are those of the items"
            yield _error("dispatch.fairnessKey", "excluded", message)


def _error(field: str, rule: Rule, message: str) -> FieldError:
    return FieldError(field=field, rule=rule, message=message)
