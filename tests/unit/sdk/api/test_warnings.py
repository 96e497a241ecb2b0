"""What the ledger ignored is in the answer, and is logged once."""

import logging

import pytest

from forgeledger.sdk.errors import InvalidRequestError
from forgeledger.sdk.json_decoder import event_of
from forgeledger.sdk.records import WrongField
from tests.support.api_bodies import job_body

WARNINGS = [{"field": "colour", "rule": "unknown", "message": "is ignored"}]
WARNING = WrongField(field="colour", rule="unknown", message="is ignored")


def messages_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_each_answer_has_its_warnings(ledger, api):
    api.answer(job_body(warnings=WARNINGS), 201)
    api.answer({"registered": 1, "alreadyExisted": 0, "rejected": 0, "warnings": WARNINGS})
    api.answer({"outcome": "applied", "warnings": WARNINGS})
    api.answer({"outcome": "applied", "job": job_body(), "warnings": WARNINGS})

    job = ledger.create_job("n")
    registration = ledger.register(job, ["a"])
    answer = ledger.commands.claim(job, "a")
    changed = ledger.reopen(job)

    assert {job.warnings, registration.warnings, answer.warnings, changed.warnings} == {(WARNING,)}


def test_a_registration_sums_its_warnings_up_and_they_are_logged_once(ledger, api, caplog):
    answer = {"registered": 1, "alreadyExisted": 0, "rejected": 0, "warnings": WARNINGS}
    api.answer(job_body(warnings=WARNINGS), 201).answer(answer).answer(answer).answer(job_body())

    job = ledger.create_job("n", items=[f"item-{number}" for number in range(1_001)])
    again = ledger.register(job, [f"item-{number}" for number in range(2_001)])

    assert (job.warnings, again.warnings) == ((WARNING,), ())
    assert messages_of(caplog) == ["colour is ignored"]


def test_the_warnings_of_a_refusal_are_logged_too(ledger, api, caplog):
    api.problem(422, "invalid_request", errors=[], warnings=WARNINGS)

    with pytest.raises(InvalidRequestError):
        ledger.create_job("n")

    assert messages_of(caplog) == ["colour is ignored"]


@pytest.mark.parametrize("warnings", [None, 5, ["x"], {"field": "a"}])
def test_what_another_server_calls_warnings_is_no_error(ledger, api, warnings):
    api.answer(job_body(warnings=warnings), 201)

    assert ledger.create_job("n").warnings == ()


def test_an_event_has_the_ignored_fields_of_its_command():
    assert event_of({"type": "claimed", "ignored": ["leaseSecond"]}).ignored == ("leaseSecond",)
    assert event_of({"type": "claimed"}).ignored == ()
