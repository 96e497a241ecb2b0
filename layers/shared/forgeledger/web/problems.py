"""Problem documents (RFC 9457): a stable code, and each wrong field with the rule it breaks."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from forgeledger.rule_messages import Rule, path_of, rule_of, sentence_of

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:forgeledger:problem:"


class FieldError(BaseModel):
    field: Annotated[str, Field(examples=["items[3].itemId"])]
    rule: Annotated[Rule, Field(examples=["max_length"])]
    message: Annotated[str, Field(examples=["must have at most 256 characters"])]


class Problem(BaseModel):
    """What went wrong. `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["urn:forgeledger:problem:invalid_request"])]
    title: str
    status: int
    code: Annotated[str, Field(examples=["invalid_request"])]
    detail: str | None = None
    errors: list[FieldError] | None = None


def problem(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """The document, with the members that only this kind of problem has."""
    document = Problem(
        type=_TYPE_PREFIX + code,
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        **members,
    )
    return document.model_dump(exclude_none=True)


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors with the names of fields, rules and messages of the contract."""
    return [
        FieldError(
            # The first element of loc is body, path, query or header.
            field=path_of(error["loc"][1:]) or "body",
            rule=rule_of(error["type"]),
            message=sentence_of(error),
        )
        for error in errors
    ]
