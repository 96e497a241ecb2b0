"""Parameters that are off unless the user sets them: a key, bounds, workers outside."""

import pytest

from forgeledger.local.intrinsics import Resolver
from forgeledger.local.parameters import broken_rule
from tests.support.api_callers import make_world
from tests.support.deployed_template import TEMPLATE, properties

PARAMETERS = TEMPLATE["Parameters"]


def resolver(**given: str) -> Resolver:
    """CloudFormation with these parameters, and the defaults of the others."""
    defaults = {name: str(declared.get("Default", "")) for name, declared in PARAMETERS.items()}
    return Resolver(parameters={**defaults, **given}, conditions=TEMPLATE["Conditions"])


@pytest.mark.parametrize("name", ["Intake", "Api", "Relay"])
def test_a_function_reserves_concurrency_only_if_the_user_says_so(name):
    reserved = properties(f"{name}Function")["ReservedConcurrentExecutions"]

    # A new account has a concurrency of 10 and can reserve nothing; a reserved 0 stops a function.
    assert resolver().value(reserved) is None
    assert resolver(**{f"{name}ReservedConcurrency": "50"}).value(reserved) == "50"


@pytest.mark.parametrize("table", ["LedgerTable", "IdempotencyTable"])
@pytest.mark.parametrize(
    ("reads", "writes", "expected"),
    [
        ("0", "0", None),
        ("900", "0", ["900", None]),
        ("0", "700", [None, "700"]),
        ("900", "700", ["900", "700"]),
    ],
)
def test_a_table_has_the_bounds_that_the_user_sets(table, reads, writes, expected):
    cloudformation = resolver(MaximumReadUnits=reads, MaximumWriteUnits=writes)

    bounds = cloudformation.value(properties(table)["OnDemandThroughput"])

    assert (bounds and [cloudformation.value(bound) for bound in bounds.values()]) == expected
    assert bounds is None or list(bounds) == ["MaxReadRequestUnits", "MaxWriteRequestUnits"]


def test_workers_outside_of_the_account_may_send_commands_and_nothing_else():
    statements = properties("CommandQueuePolicy")["PolicyDocument"]["Statement"]
    [workers] = [part for part in statements if "Fn::If" in part]

    granted = resolver(WorkerPrincipals="210987654321").value(workers)

    assert resolver().value(workers) is None
    assert granted["Effect"] == "Allow"
    assert granted["Principal"] == {"AWS": {"Fn::Split": [",", {"Ref": "WorkerPrincipals"}]}}
    assert granted["Action"] == "sqs:SendMessage"
    assert granted["Resource"] == {"Fn::GetAtt": ["CommandQueue", "Arn"]}


@pytest.mark.parametrize("queue", ["CommandDeadLetterQueue", "RejectQueue", "RelayFailureQueue"])
def test_no_other_queue_lets_anyone_in(queue):
    statements = properties(f"{queue}Policy")["PolicyDocument"]["Statement"]

    assert [statement["Effect"] for statement in statements] == ["Deny"]


@pytest.mark.parametrize(
    ("principals", "is_allowed"),
    [
        ("", True),
        ("210987654321", True),
        ("210987654321,321098765432", True),
        ("arn:aws:iam::210987654321:role/path/worker,321098765432", True),
        ("arn:aws-cn:iam::210987654321:user/worker", True),
        ("*", False),
        ("arn:aws:iam::*:root", False),
        ("210987654321, 321098765432", False),
        ("210987654321,", False),
        ("1234", False),
    ],
)
def test_workers_outside_are_named_one_by_one(principals, is_allowed):
    assert (broken_rule(PARAMETERS["WorkerPrincipals"], principals) is None) is is_allowed


@pytest.mark.parametrize(("size", "is_allowed"), [("262144", True), ("2097152", False)])
def test_a_message_has_one_of_the_two_sizes_that_sqs_has(size, is_allowed):
    assert (broken_rule(PARAMETERS["MaximumMessageBytes"], size) is None) is is_allowed


@pytest.mark.parametrize("table", ["LedgerTable", "IdempotencyTable"])
def test_tables_have_the_free_key_of_dynamodb_unless_the_user_names_one(table):
    # Without SSESpecification it is the key that DynamoDB owns; `SSEEnabled` alone is a billed one.
    assert properties(table)["SSESpecification"] == {
        "Fn::If": [
            "HasTableKey",
            {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "TableKeyArn"}},
            {"Ref": "AWS::NoValue"},
        ]
    }
    assert PARAMETERS["TableKeyArn"]["Default"] == ""


@pytest.mark.parametrize(
    ("arn", "is_allowed"),
    [
        ("", True),
        ("arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd", True),
        ("arn:aws:kms:eu-central-1:123456789012:alias/mine", False),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", False),
    ],
)
def test_a_key_is_named_by_its_own_arn_as_the_roles_need_it(arn, is_allowed):
    assert (broken_rule(PARAMETERS["TableKeyArn"], arn) is None) is is_allowed


@pytest.mark.parametrize(
    ("origins", "is_allowed"),
    [
        ("", True),
        ("*", True),
        ("https://app.example", True),
        ("https://app.example,http://localhost:3000", True),
        ("https://*.example", True),
        ("https://app.example/", False),
        ("app.example", False),
        ("https://app.example, http://localhost", False),
        ("https://app.example,*", False),
        ("https://app.example,", False),
    ],
)
def test_an_origin_has_a_scheme_and_no_path(origins, is_allowed):
    assert (broken_rule(PARAMETERS["CorsOrigins"], origins) is None) == is_allowed


def test_browsers_may_call_the_api_from_other_origins_only_if_the_user_says_so():
    cors = properties("HttpApi")["DefinitionBody"]["x-amazon-apigateway-cors"]

    assert resolver().value(cors) is None
    allowed = resolver(CorsOrigins="https://a.example,https://b.example").value(cors)
    origins = resolver(CorsOrigins="https://a.example,https://b.example").value(
        allowed["allowOrigins"]
    )
    assert origins == ["https://a.example", "https://b.example"]


def test_a_browser_may_use_each_method_that_the_api_has():
    cors = properties("HttpApi")["DefinitionBody"]["x-amazon-apigateway-cors"]
    operations = make_world().caller().get("/openapi.json").json["paths"].values()
    methods = {method.upper() for operation in operations for method in operation}

    assert set(resolver(CorsOrigins="*").value(cors)["allowMethods"]) == methods
