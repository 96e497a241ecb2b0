"""Request bodies have the bounds of the contract's table, which queue messages are checked by."""

from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from forgeledger.jobs.http.command_bodies import (
    CompleteItem,
    ErrorBody,
    FailItem,
    ItemCommand,
    LeaseCommand,
    WorkCommand,
)
from forgeledger.jobs.http.request_bodies import ItemToRegister
from forgeledger.jobs.messages.command_fields import (
    COMMAND_FIELDS,
    ERROR_FIELDS,
    ITEM_FIELDS,
    LEASE_SECONDS,
    WORKER_ID,
    Field,
    Kind,
)
from forgeledger.web.models import RequestModel

MODELS = [
    (ItemCommand, COMMAND_FIELDS),
    (WorkCommand, COMMAND_FIELDS),
    (LeaseCommand, COMMAND_FIELDS),
    (CompleteItem, COMMAND_FIELDS),
    (FailItem, COMMAND_FIELDS),
    (ErrorBody, ERROR_FIELDS),
    (ItemToRegister, ITEM_FIELDS),
]
# Over HTTP a time may have any length, as long as it can be parsed.
UNBOUNDED = {Kind.TIME}

Bounds = tuple[int, int]


def described_bounds(schema: dict[str, Any]) -> Bounds:
    """The bounds in a field's JSON schema, of a number or of the characters of a text."""
    [value] = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    least = value.get("minimum", value.get("minLength", 0))
    return least, value.get("maximum", value.get("maxLength", 0))


def differences(model: type[RequestModel], table: Iterable[Field]) -> dict[str, Any]:
    """The fields of a body whose bounds are not those of the table, each with both."""
    fields = {field.name: field for field in table}
    properties = model.model_json_schema()["properties"]
    bounds = {
        name: (described_bounds(schema), (fields[name].least, fields[name].most))
        for name, schema in properties.items()
        if fields[name].kind not in UNBOUNDED
    }
    return {name: pair for name, pair in bounds.items() if pair[0] != pair[1]}


def text_of_bytes(size: int) -> str:
    """A text of this size in UTF-8 with as few characters as possible."""
    return "🔑" * (size // 4) + ("", "x", "é", "€")[size % 4]


def value_of_bytes(field: Field, size: int) -> str:
    """A value of this size; JSON text has two quotes more."""
    return text_of_bytes(size - 2 if field.kind is Kind.JSON else size)


@pytest.mark.parametrize(("model", "table"), MODELS)
def test_a_body_has_the_bounds_of_the_table(model, table):
    assert differences(model, table) == {}


def test_a_bound_that_differs_is_noticed():
    other = [WORKER_ID._replace(least=0), LEASE_SECONDS._replace(most=60)]
    table = {field.name: field for field in (*COMMAND_FIELDS, *other)}

    assert differences(LeaseCommand, table.values()) == {
        "workerId": ((1, WORKER_ID.most), (0, WORKER_ID.most)),
        "leaseSeconds": ((1, LEASE_SECONDS.most), (1, 60)),
    }


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (model, field)
        for model, table in MODELS
        for field in table
        if field.most_bytes and field.name in model.model_json_schema()["properties"]
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_body_has_the_sizes_of_the_table(model, field):
    required = {"itemId": "a", "type": "T"}

    model.model_validate({**required, field.name: value_of_bytes(field, field.most_bytes)})
    with pytest.raises(ValidationError) as refused:
        model.model_validate({**required, field.name: value_of_bytes(field, field.most_bytes + 1)})

    assert [error["type"] for error in refused.value.errors()] == ["max_bytes"]
