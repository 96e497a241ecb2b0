"""Bodies of HTTP requests: camelCase or snake_case, each limit checked here and named."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from forgeledger.jobs.model import limits
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from forgeledger.json_text import parse_instant, to_text
from forgeledger.web.models import Request, at_most_bytes, instant, json_at_most, not_yet


def _example(body: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [body]})


def _named(value: Any) -> Any:
    if isinstance(value, (dict, ItemToRegister)):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("item_type", "must be an itemId or an object that has one")
    return {"itemId": value}


ItemId = Annotated[
    str,
    Field(min_length=1, max_length=limits.ITEM_ID_CHARACTERS),
    at_most_bytes(limits.ITEM_ID_BYTES),
]
Tag = Annotated[str, Field(min_length=1, max_length=limits.TAG_CHARACTERS)]


class ItemToRegister(Request):
    item_id: ItemId
    payload: Annotated[Any, json_at_most(limits.PAYLOAD_BYTES)] = None

    def new_item(self) -> NewItem:
        return NewItem(item_id=self.item_id, payload=_text(self.payload, limits.PAYLOAD_BYTES))


ItemOrName = Annotated[
    ItemToRegister, BeforeValidator(_named, json_schema_input_type=ItemId | ItemToRegister)
]


class RegisterItems(Request):
    model_config = _example(
        {"items": ["invoice-17", {"itemId": "invoice-18", "payload": {"pages": 3}}], "seal": True}
    )

    items: Annotated[
        list[ItemOrName], Field(min_length=1, max_length=limits.ITEMS_PER_REGISTRATION)
    ]
    seal: bool = False


class Policy(Request):
    # A rule that is misspelled would silently not hold.
    model_config = ConfigDict(extra="forbid")

    tolerated_failures: Annotated[int, Field(ge=0)] | None = None
    tolerated_failure_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=limits.ATTEMPTS_PER_ITEM)] = 1
    lease_seconds: Annotated[int, Field(ge=0, le=limits.LEASE_SECONDS)] = 0
    backoff_base_seconds: Annotated[float, Field(ge=0, le=limits.BACKOFF_SECONDS)] = 0
    backoff_cap_seconds: Annotated[float, Field(ge=0, le=limits.BACKOFF_SECONDS)] = 300


class CreateJob(Request):
    model_config = _example(
        {
            "name": "invoices of November",
            "expectedItems": 1200,
            "policy": {"maxAttempts": 3, "leaseSeconds": 300, "backoffBaseSeconds": 2},
            "metadata": {"team": "billing"},
            "tags": ["billing"],
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=limits.JOB_NAME_CHARACTERS)]
    items: Annotated[list[ItemOrName], Field(max_length=limits.ITEMS_PER_REGISTRATION)] = Field(
        default=[]
    )
    expected_items: Annotated[int, Field(ge=0, le=limits.EXPECTED_ITEMS)] | None = None
    seal: bool = False
    # Unless given: whether items are expected.
    auto_register: bool | None = None
    lanes: Annotated[int, Field(ge=1, le=limits.LANES_PER_JOB)] | None = None
    policy: Policy = Policy()
    metadata: Annotated[dict[str, Any], json_at_most(limits.METADATA_BYTES)] = Field(default={})
    tags: Annotated[list[Tag], Field(max_length=limits.TAGS_PER_JOB)] = Field(default=[])
    ttl_days: Annotated[int, Field(ge=0, le=limits.TTL_DAYS)] = 30
    deadline_seconds: Annotated[int, Field(ge=1, le=limits.DEADLINE_SECONDS)] | None = None
    # Their places are kept; asking for them must not be taken for having them.
    execute_at: Annotated[None, not_yet("scheduled execution")] = None
    callback_url: Annotated[None, not_yet("webhooks")] = None

    def new_job(self) -> NewJob:
        policy = self.policy
        return NewJob(
            name=self.name,
            lanes=self.lanes,
            rules=LaneRules(
                max_attempts=policy.max_attempts,
                lease_seconds=policy.lease_seconds,
                backoff_base_seconds=policy.backoff_base_seconds,
                backoff_cap_seconds=policy.backoff_cap_seconds,
                registers_on_the_way=self._registers_on_the_way(),
                ttl_days=self.ttl_days,
            ),
            tolerance=Tolerance(
                failures=policy.tolerated_failures,
                failure_percent=policy.tolerated_failure_percent,
            ),
            expected_items=self.expected_items,
            deadline_seconds=self.deadline_seconds,
            metadata=to_text(self.metadata, limits.METADATA_BYTES),
            tags=tuple(dict.fromkeys(self.tags)),
            items=tuple(item.new_item() for item in self.items),
            seal=self.seal,
        )

    def _registers_on_the_way(self) -> bool:
        if self.auto_register is None:
            return self.expected_items is not None
        return self.auto_register


class ItemCommand(Request):
    """What every command for one item may say."""

    attempt: Annotated[int, Field(ge=1, le=limits.ATTEMPT_NUMBER)] | None = None
    worker_id: (
        Annotated[str, Field(min_length=1, max_length=limits.WORKER_ID_CHARACTERS)] | None
    ) = None
    command_id: (
        Annotated[str, Field(min_length=1, max_length=limits.COMMAND_ID_CHARACTERS)] | None
    ) = None
    at: Annotated[str, AfterValidator(instant)] | None = None

    def command(self, kind: CommandKind, item_id: str, command_id: str) -> Command:
        """The command as the ledger knows it; its own id goes before the given one."""
        return Command(
            kind=kind,
            item_id=item_id,
            command_id=self.command_id or command_id,
            attempt=self.attempt,
            worker_id=self.worker_id,
            sent_at=None if self.at is None else parse_instant(self.at),
            **self._more(),
        )

    def _more(self) -> dict[str, Any]:
        return {}


class LeaseCommand(ItemCommand):
    """A claim or a heartbeat."""

    model_config = _example({"workerId": "w-3", "leaseSeconds": 300})

    lease_seconds: Annotated[int, Field(ge=1, le=limits.LEASE_SECONDS)] | None = None

    def _more(self) -> dict[str, Any]:
        return {"lease_seconds": self.lease_seconds}


class CompleteItem(ItemCommand):
    model_config = _example({"workerId": "w-3", "attempt": 1, "result": {"pages": 3}})

    result: Annotated[Any, json_at_most(limits.RESULT_BYTES)] = None

    def _more(self) -> dict[str, Any]:
        return {"result": _text(self.result, limits.RESULT_BYTES)}


class ErrorBody(Request):
    type: Annotated[str, Field(min_length=1, max_length=limits.ERROR_TYPE_CHARACTERS)]
    message: Annotated[str, at_most_bytes(limits.ERROR_MESSAGE_BYTES)] = ""
    retryable: bool = True


class FailItem(ItemCommand):
    model_config = _example(
        {"attempt": 1, "error": {"type": "Timeout", "message": "no answer", "retryable": True}}
    )

    error: ErrorBody | None = None

    def _more(self) -> dict[str, Any]:
        error = self.error
        if error is None:
            return {}
        failure = Failure(type=error.type, message=error.message, retryable=error.retryable)
        return {"failure": failure}


def _text(value: Any, limit_bytes: int) -> str | None:
    return None if value is None else to_text(value, limit_bytes)
