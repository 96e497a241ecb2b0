"""Request bodies know the fields of the command table; unknown ones are found one level down."""

from forgeledger.jobs.http.command_bodies import ErrorBody, FailItem
from forgeledger.jobs.http.request_bodies import CreateJob, ItemToRegister, RegisterItems
from forgeledger.jobs.messages.command_fields import ERROR_NAMES, ITEM_NAMES
from forgeledger.unknown_fields import unknown_in
from forgeledger.web.body_fields import BodyFields, check_fields
from forgeledger.web.models import known_fields, names_of


def test_what_is_known_is_what_the_models_take() -> None:
    assert names_of(ItemToRegister) == ITEM_NAMES
    assert names_of(ErrorBody) == ERROR_NAMES


def test_unknown_fields_of_a_request_are_found_one_level_down() -> None:
    items = {"items": ["a", {"itemId": "b", "paylod": 1}], "sael": True, "error": {"typ": "E"}}
    failure = {"error": {"type": "E", "retriable": True}, "worker_id": "w", "leaseSeconds": 5}

    of_items = unknown_in(items, known_fields(RegisterItems))
    of_failure = unknown_in(failure, known_fields(FailItem))

    assert of_items == {"error", "items[].paylod", "sael"}
    assert of_failure == {"error.retriable", "leaseSeconds"}


def test_what_a_request_is_refused_for_is_not_called_ignored() -> None:
    body = {"name": "n", "policy": {"maxAtempts": 3}, "deadline": 60, "leaseSeconds": 5}

    assert check_fields(body, BodyFields.of(CreateJob)).ignored == set()
