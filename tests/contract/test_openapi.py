"""The OpenAPI document: well formed, complete, and true."""

import re
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from jsonschema import Draft202012Validator

from forgeledger.bootstrap.api import build_resolver
from forgeledger.execution.services import execution_on
from forgeledger.jobs.http import command_bodies, request_bodies
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.ports import JobIdClaims
from forgeledger.jobs.services import services_on
from forgeledger.runtime import Runtime
from forgeledger.web import limits as web_limits
from forgeledger.web.request_guard import PUBLIC_PATHS
from forgeledger.web.resolver import LedgerResolver
from tests.support.api_callers import make_world
from tests.support.memory_store import MemoryStore

# Part of the contract: change a route here only on purpose.
ROUTES = {
    ("GET", "/health"),
    ("GET", "/openapi.json"),
    ("GET", "/swagger"),
    ("POST", "/jobs"),
    ("GET", "/jobs"),
    ("GET", "/jobs/{jobId}"),
    ("POST", "/jobs/{jobId}/items:register"),
    ("POST", "/jobs/{jobId}/seal"),
    ("POST", "/jobs/{jobId}/start"),
    ("POST", "/jobs/{jobId}/pause"),
    ("POST", "/jobs/{jobId}/resume"),
    ("POST", "/jobs/{jobId}/cancel"),
    ("POST", "/jobs/{jobId}/reopen"),
    ("GET", "/jobs/{jobId}/items"),
    ("GET", "/jobs/{jobId}/items/{itemId}"),
    ("POST", "/jobs/{jobId}/items/{itemId}/claim"),
    ("POST", "/jobs/{jobId}/items/{itemId}/heartbeat"),
    ("POST", "/jobs/{jobId}/items/{itemId}/complete"),
    ("POST", "/jobs/{jobId}/items/{itemId}/fail"),
    ("POST", "/jobs/{jobId}/items/{itemId}/release"),
    ("POST", "/jobs/{jobId}/items/{itemId}/retry"),
    ("POST", "/jobs/{jobId}/items/{itemId}/expire"),
    ("POST", "/jobs/{jobId}/items/{itemId}/cancel"),
    ("GET", "/jobs/{jobId}/events"),
    ("GET", "/jobs/{jobId}/why"),
    ("GET", "/jobs/{jobId}/report"),
    ("POST", "/jobs/{jobId}/retry"),
}
# Not described: their names change with every version.
FILES_OF_THE_PAGE = ("GET", "/swagger/{name}")


class NoClaims(JobIdClaims):
    """No test here creates a job."""


class NoPersistence(BasePersistenceLayer):
    def _get_record(self, idempotency_key):
        raise NotImplementedError

    def _put_record(self, data_record):
        raise NotImplementedError

    def _update_record(self, data_record):
        raise NotImplementedError

    def _delete_record(self, data_record):
        raise NotImplementedError


@pytest.fixture(scope="module")
def app() -> LedgerResolver:
    store, runtime = MemoryStore(), Runtime()
    services = services_on(store, NoClaims(), runtime)
    return build_resolver(services, execution_on(store, runtime), NoPersistence())


@pytest.fixture(scope="module")
def document(app) -> dict[str, Any]:
    schema = app.get_openapi_schema()
    assert isinstance(schema, OpenAPI)
    return schema.model_dump(mode="json", by_alias=True, exclude_none=True)


def operations(document):
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_names_its_version_of_openapi_and_of_the_api(document):
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "ForgeLedger"
    assert document["info"]["version"]


def test_it_describes_the_routes_that_there_are_and_no_others(app, document):
    described = {(method, path) for method, path, _ in operations(document)}

    assert described == ROUTES
    assert {(method, path) for method, path, _ in app.table} == {*ROUTES, FILES_OF_THE_PAGE}


def test_each_operation_has_a_name_of_its_own_words_and_a_tag_that_is_explained(document):
    described = [operation for _, _, operation in operations(document)]
    tags = {tag["name"] for tag in document["tags"]}

    assert len({operation["operationId"] for operation in described}) == len(described)
    assert all(len(operation["summary"]) > 10 for operation in described)
    assert all(set(operation["tags"]) <= tags for operation in described)


def test_each_name_in_a_path_is_a_parameter(document):
    for _, path, operation in operations(document):
        names = [
            parameter["name"]
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "path"
        ]
        assert sorted(names) == sorted(re.findall(r"{(\w+)}", path))


def test_what_takes_a_body_answers_with_warnings(document):
    schemas = document["components"]["schemas"]
    posts = {path: item["post"] for path, item in document["paths"].items() if "post" in item}

    with_body = {path for path, operation in posts.items() if "requestBody" in operation}
    with_warnings = {
        path
        for path, operation in posts.items()
        if "warnings" in schemas[success_schema(operation)]["properties"]
    }

    assert with_warnings == with_body
    assert {"/jobs", "/jobs/{jobId}/items:register"} < with_body
    assert "warnings" not in schemas["CreatedBody"].get("required", [])


def test_the_fields_that_choose_the_lanes_say_so(document):
    fields = document["components"]["schemas"]["CreateJob"]["properties"]

    assert "1 up to 1,000, 4 up to 10,000, 8 up to 100,000 items, 16 above" in str(fields["lanes"])
    assert "chooses the lanes, nothing else" in str(fields["plannedItems"])


def success_schema(operation):
    successes = [answer for status, answer in operation["responses"].items() if status < "3"]
    (schema,) = {answer["content"]["application/json"]["schema"]["$ref"] for answer in successes}
    return schema.rpartition("/")[2]


def test_each_schema_is_a_json_schema_and_each_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"]

    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def test_each_refusal_is_a_problem_document(document):
    for method, path, operation in operations(document):
        refusals = {
            status: answer
            for status, answer in operation["responses"].items()
            if status >= "400" and status != "429"
        }
        for answer in refusals.values():
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
        if path not in PUBLIC_PATHS:
            assert {"401", "422", "500", "503"} <= set(refusals)
            assert ("413" in refusals) == (method == "POST")


def test_a_report_has_one_of_two_shapes(document):
    answer = document["paths"]["/jobs/{jobId}/report"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]

    shapes = [shape["$ref"].rpartition("/")[2] for shape in schema["anyOf"]]
    assert shapes == ["ReportBody", "ForgeRunReportBody"]


def test_each_route_may_be_refused_by_api_gateway_which_has_no_problem_documents(document):
    for _, _, operation in operations(document):
        (answer,) = operation["responses"]["429"]["content"].items()
        kind, content = answer
        assert kind == "application/json"
        Draft202012Validator(content["schema"]).validate({"message": "Too Many Requests"})
        assert content["example"] == {"message": "Too Many Requests"}


def test_the_answer_to_a_creation_says_where_the_job_is(document):
    (header,) = document["paths"]["/jobs"]["post"]["responses"]["201"]["headers"].items()

    assert header[0] == "Location"
    assert header[1]["schema"]["type"] == "string"


def test_everything_with_data_asks_for_the_key(document):
    assert document["security"] == [{"apiKey": []}]
    scheme = document["components"]["securitySchemes"]["apiKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-api-key")
    public = {path for _, path, route in operations(document) if route.get("security") == []}
    assert public == PUBLIC_PATHS


def test_whatever_changes_something_takes_an_idempotency_key(document):
    for method, _, operation in operations(document):
        headers = {
            parameter["name"]
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "header"
        }
        expected = {"Idempotency-Key", "x-idempotency-key"} if method == "POST" else set()
        assert headers == expected


def test_the_parameters_that_are_described_are_those_that_are_taken(document):
    """The problem about an unknown parameter lists those that the route takes."""
    caller, job_id = make_world().caller(), make_job_id(1, 2, 3)
    accepted = {}
    described = {}
    for method, path, operation in operations(document):
        if path in PUBLIC_PATHS:
            continue
        real_path = path.format(jobId=job_id, itemId="a")
        reply = caller.send(caller.event(method, real_path, query={"unheardOf": ""}))
        messages = {error["field"]: error["message"] for error in reply.json["errors"]}
        accepted[method, path] = messages["unheardOf"].partition("which takes ")[2]
        names = [
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        ]
        described[method, path] = ", ".join(sorted(names)) or "none"

    assert accepted == described
    assert accepted["GET", "/jobs"] == "cursor, limit, name, status, tag"


def test_an_idempotency_key_is_described_with_the_limits_that_it_has(document):
    schemas = [
        parameter["schema"]
        for _, _, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    ]

    most = web_limits.IDEMPOTENCY_KEY_CHARACTERS
    assert schemas
    assert {(schema["minLength"], schema["maxLength"]) for schema in schemas} == {(1, most)}


def test_the_examples_are_what_their_models_take(document):
    models = ("CreateJob", "RegisterItems", "LeaseCommand", "CompleteItem", "FailItem")

    for name in models:
        examples = document["components"]["schemas"][name]["examples"]
        assert examples
        for example in examples:
            bodies = request_bodies if hasattr(request_bodies, name) else command_bodies
            getattr(bodies, name).model_validate(example)
