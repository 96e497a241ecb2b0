"""Wherever the SDK takes a job's id it takes a Job as well."""

from collections.abc import Iterator
from inspect import Parameter, getmembers, isfunction, signature

import pytest

from forgeledger.sdk.api.item_commands import ItemCommands
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.records import Job, JobRef, job_id_of
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.report.reporter import Reporter
from tests.support.api_bodies import job_body
from tests.support.builders import JOB_ID

JOB = Job(job_id=JOB_ID, name="n", status="RUNNING", lanes=4)
# Has the fields that any of the methods reads.
ANSWER = {
    **job_body(status="COMPLETED"),
    "itemId": "a",
    "state": "PENDING",
    "outcome": "applied",
    "items": [],
    "events": [],
}
OTHER_ARGUMENTS = {"item_id": "a", "items": ["b"], "error": "bad", "kind": "claim"}


def public_methods(kind):
    return {
        name: method for name, method in getmembers(kind, isfunction) if not name.startswith("_")
    }


def taking_a_job(kind):
    return [
        name
        for name, method in public_methods(kind).items()
        if "job" in signature(method).parameters
    ]


def call(method, job):
    arguments = {"job": job, **OTHER_ARGUMENTS}
    required = [
        name
        for name, parameter in signature(method).parameters.items()
        if parameter.default is Parameter.empty
    ]
    outcome = method(**{name: arguments[name] for name in required})
    if isinstance(outcome, Iterator):
        list(outcome)
    if isinstance(outcome, ItemWork):
        with outcome:
            pass


@pytest.mark.parametrize("kind", [Ledger, ItemCommands, Reporter])
def test_no_public_method_takes_an_id_alone(kind):
    parameters = {
        name: signature(method).parameters for name, method in public_methods(kind).items()
    }

    assert [name for name, named in parameters.items() if "job_id" in named] == []
    assert {parameters[name]["job"].annotation for name in taking_a_job(kind)} == {JobRef}


@pytest.mark.parametrize("name", taking_a_job(Ledger))
def test_a_method_of_the_ledger_takes_a_job_as_it_takes_its_id(ledger, api, name):
    api.answer(ANSWER)

    call(getattr(ledger, name), JOB_ID)
    by_id, api.requests = (api.paths, api.bodies), []
    call(getattr(ledger, name), JOB)

    assert by_id[0]
    assert (api.paths, api.bodies) == by_id


@pytest.mark.parametrize("name", taking_a_job(ItemCommands))
def test_a_command_over_http_takes_a_job_as_it_takes_its_id(ledger, api, name):
    api.answer(ANSWER)

    call(getattr(ledger.commands, name), JOB_ID)
    call(getattr(ledger.commands, name), JOB)

    assert api.paths == [f"POST /jobs/{JOB_ID}/items/a/{name}"] * 2


@pytest.mark.parametrize("name", taking_a_job(Reporter))
def test_a_method_of_the_reporter_takes_a_job_as_it_takes_its_id(reporter, queue, name):
    call(getattr(reporter, name), JOB_ID)
    reporter.flush()
    by_id = queue.reported()
    call(getattr(reporter, name), JOB)
    reporter.flush()

    assert by_id
    assert queue.reported() == by_id * 2
    assert {command["jobId"] for command in queue.commands} == {JOB_ID}


def test_what_is_no_job_is_left_to_the_check_of_ids():
    assert job_id_of(JOB) == JOB_ID
    assert job_id_of(5) == 5
