"""Request bodies, with their limits, and the commands and jobs they ask for."""

import json
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from forgeledger.jobs.http.dispatch_bodies import Dispatch, Work
from forgeledger.jobs.http.item_fields import ErrorType, ItemId, ItemKind, Payload, QueueText
from forgeledger.jobs.messages.field_checks import (
    check_time,
    due_milliseconds,
    json_text,
    milliseconds,
)
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.ids import LANES_RULE
from forgeledger.jobs.model.jobs import DispatchSpec, Tolerance
from forgeledger.jobs.model.lanes import LaneRules, number_of_type
from forgeledger.jobs.usecases.create_job import KeyRequest, NewJob
from forgeledger.jobs.usecases.register_items import NewItem
from forgeledger.json_text import from_text, to_text
from forgeledger.web.models import RequestModel, not_yet

_LANES = (
    "They never change. Unless given, they follow from plannedItems, else expectedItems, else the "
    f"items of a sealed creation: {LANES_RULE}."
)
# Of a job with `work`: its only item, and its policy where nothing else is given.
_WORK_ITEM: Final = "1"
_WORK_POLICY: Final = {"max_attempts": 4, "backoff_base_seconds": 1.0, "backoff_cap_seconds": 30.0}


# Neither the name itself, nor what is to happen when the name is taken.
_NOT_IN_FINGERPRINT = {"job_key", "job_key_reuse"}


def example(body: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [body]})


def _as_object(value: Any) -> Any:
    """Accept an item id instead of an object."""
    if isinstance(value, (dict, ItemToRegister)):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("item_type", "must be an itemId or an object that has one")
    return {"itemId": value}


# Milliseconds are the finest that a lane stores.
BackoffSeconds = Annotated[
    float, Field(ge=0, le=limits.BACKOFF_SECONDS), AfterValidator(lambda wait: round(wait, 3))
]
Tag = Annotated[str, Field(min_length=1, max_length=limits.TAG_CHARACTERS)]


def _check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    json_text(limits.METADATA_BYTES, metadata)
    return metadata


def _check_due_time(text: str) -> str:
    due_milliseconds(text)
    return text


def _check_key_reuse(reuse: str | None, fields: ValidationInfo) -> str | None:
    # A key that is wrong itself is reported already, and is not among the fields.
    if reuse is not None and fields.data.get("job_key", "") is None:
        raise PydanticCustomError("job_key_required", "is for jobs with a jobKey")
    return reuse


Time = Annotated[str, AfterValidator(check_time), Field(json_schema_extra={"format": "date-time"})]


class ItemToRegister(RequestModel):
    item_id: ItemId
    payload: Payload = None
    kind: Annotated[
        ItemKind | None, Field(description="Which of the workers' handlers its work is for.")
    ] = None
    group: Annotated[
        QueueText | None,
        Field(description="Items of a group are handed out one by one by a FIFO work queue."),
    ] = None
    not_before: Annotated[
        Annotated[str, AfterValidator(_check_due_time)] | None,
        Field(description="No claim is granted before it."),
    ] = None

    def new_item(self) -> NewItem:
        return NewItem(
            item_id=self.item_id,
            payload=self.payload,
            kind=self.kind,
            group=self.group,
            not_before=None if self.not_before is None else due_milliseconds(self.not_before),
        )


ItemOrId = Annotated[
    ItemToRegister, BeforeValidator(_as_object, json_schema_input_type=ItemId | ItemToRegister)
]


class RegisterItems(RequestModel):
    model_config = example(
        {"items": ["invoice-17", {"itemId": "invoice-18", "payload": {"pages": 3}}], "seal": True}
    )

    items: Annotated[list[ItemOrId], Field(min_length=1, max_length=limits.ITEMS_PER_REGISTRATION)]
    seal: bool = False


class Policy(RequestModel):
    # A misspelt rule would silently have no effect.
    model_config = ConfigDict(extra="forbid")

    tolerated_failures: Annotated[int, Field(ge=0, le=limits.EXPECTED_ITEMS)] | None = None
    tolerated_failure_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=limits.ATTEMPTS_PER_ITEM)] = 1
    lease_seconds: Annotated[int, Field(ge=0, le=limits.LEASE_SECONDS)] = 0
    backoff_base_seconds: BackoffSeconds = 0
    backoff_cap_seconds: BackoffSeconds = 300
    permanent_errors: Annotated[
        list[ErrorType] | None,
        Field(
            min_length=1,
            max_length=limits.PERMANENT_ERRORS,
            description="Failures of these error types are never retried.",
        ),
    ] = None
    run_seconds: Annotated[
        Annotated[int, Field(ge=1, le=limits.LEASE_SECONDS)] | None,
        Field(description="The longest attempt: no heartbeat extends a lease beyond it."),
    ] = None


class CreateJob(RequestModel):
    model_config = example(
        {
            "name": "invoices of November",
            "expectedItems": 1200,
            "policy": {"maxAttempts": 3, "leaseSeconds": 300, "backoffBaseSeconds": 2},
            "metadata": {"team": "billing"},
            "tags": ["billing"],
        }
    )

    refuses_near_misses: ClassVar[bool] = True

    name: Annotated[str, Field(min_length=1, max_length=limits.JOB_NAME_CHARACTERS)]
    items: Annotated[list[ItemOrId], Field(max_length=limits.ITEMS_PER_REGISTRATION)] = Field(
        default=[]
    )
    expected_items: Annotated[int, Field(ge=0, le=limits.EXPECTED_ITEMS)] | None = None
    planned_items: (
        Annotated[
            int,
            Field(
                ge=0,
                le=limits.EXPECTED_ITEMS,
                description="About how many items there will be: chooses the lanes, nothing else.",
            ),
        ]
        | None
    ) = None
    seal: bool = False
    job_key: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=limits.JOB_KEY_CHARACTERS,
                description="Your own name of the job: a repeated request gets the same job.",
            ),
        ]
        | None
    ) = None
    job_key_reuse: Annotated[
        Literal["afterFailure"] | None,
        Field(description="Make a new job if the one with the key failed or was canceled."),
        AfterValidator(_check_key_reuse),
    ] = None
    # Default: whether expectedItems is given.
    auto_register: bool | None = None
    lanes: Annotated[int, Field(ge=1, le=limits.LANES_PER_JOB, description=_LANES)] | None = None
    policy: Policy = Policy()
    metadata: Annotated[dict[str, Any], AfterValidator(_check_metadata)] = Field(default={})
    tags: Annotated[list[Tag], Field(max_length=limits.TAGS_PER_JOB)] = Field(default=[])
    ttl_days: Annotated[int, Field(ge=0, le=limits.TTL_DAYS)] = 30
    deadline_seconds: Annotated[int, Field(ge=1, le=limits.DEADLINE_SECONDS)] | None = None
    dispatch: Annotated[
        Dispatch | None, Field(description="The ledger sends the items to a work queue itself.")
    ] = None
    work: Annotated[
        Work | None,
        Field(description="Instead of items: the job is this one item, sealed and dispatched."),
    ] = None
    execute_at: (
        Annotated[
            Time,
            Field(
                description="When the job is to start: until then it takes items and grants no "
                "claims. At most a second ago, and at most a year ahead."
            ),
        ]
        | None
    ) = None
    callback_url: Annotated[None, not_yet("webhooks")] = None

    @property
    def is_dispatched(self) -> bool:
        return self.dispatch is not None or self.work is not None

    def new_job(self) -> NewJob:
        policy, auto_register = self._policy(), self.auto_register
        permanent_errors = tuple(dict.fromkeys(policy.permanent_errors or ()))
        dispatch = self._dispatch()
        if auto_register is None:
            auto_register = self.expected_items is not None and dispatch is None
        return NewJob(
            name=self.name,
            lanes=self.lanes,
            rules=LaneRules(
                max_attempts=policy.max_attempts,
                lease_seconds=policy.lease_seconds,
                backoff_base_seconds=policy.backoff_base_seconds,
                backoff_cap_seconds=policy.backoff_cap_seconds,
                registers_on_the_way=auto_register,
                ttl_days=self.ttl_days,
                run_seconds=policy.run_seconds or 0,
                permanent_errors=tuple(map(number_of_type, permanent_errors)),
                dispatched=dispatch is not None,
            ),
            dispatch=dispatch,
            permanent_errors=permanent_errors,
            tolerance=Tolerance(
                failures=policy.tolerated_failures, failure_percent=policy.tolerated_failure_percent
            ),
            expected_items=self.expected_items,
            planned_items=self.planned_items,
            deadline_seconds=self.deadline_seconds,
            execute_at=None if self.execute_at is None else milliseconds(self.execute_at),
            metadata=to_text(self.metadata, limits.METADATA_BYTES),
            tags=tuple(dict.fromkeys(self.tags)),
            items=self._items(),
            seal=self.seal or self.work is not None,
            key=self._key_request(),
        )

    def _key_request(self) -> KeyRequest | None:
        if self.job_key is None:
            return None
        return KeyRequest(
            key=self.job_key,
            fingerprint=self._fingerprint(),
            after_failure=self.job_key_reuse is not None,
        )

    def _fingerprint(self) -> str:
        """Of what the caller gave, in whichever order and spelling; null is the same as nothing."""
        given = self.model_dump(
            by_alias=True, exclude_unset=True, exclude_none=True, exclude=_NOT_IN_FINGERPRINT
        )
        for item in (*given.get("items", ()), given.get("work", {})):
            if "payload" in item:
                item["payload"] = from_text(item["payload"])
        return sha256(json.dumps(given, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def _dispatch(self) -> DispatchSpec | None:
        if self.dispatch is not None:
            return self.dispatch.spec()
        return None if self.work is None else DispatchSpec()

    def _policy(self) -> Policy:
        """With the defaults of jobs that are dispatched, and of those with `work`."""
        defaults: dict[str, Any] = {}
        if self.is_dispatched:
            defaults["lease_seconds"] = limits.DISPATCH_LEASE_SECONDS
        if self.work is not None:
            defaults |= _WORK_POLICY
            if self.work.run_seconds is not None:
                defaults["run_seconds"] = self.work.run_seconds
        given = self.policy.model_fields_set
        return self.policy.model_copy(
            update={name: value for name, value in defaults.items() if name not in given}
        )

    def _items(self) -> tuple[NewItem, ...]:
        if self.work is None:
            return tuple(item.new_item() for item in self.items)
        work = self.work
        return (NewItem(item_id=_WORK_ITEM, kind=work.kind, payload=work.payload),)
