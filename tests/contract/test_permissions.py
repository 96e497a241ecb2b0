"""Each role allows exactly the calls of its function, each on its own resource."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forgeledger.clock.ports import DueIndex
from forgeledger.execution.ports import WorkStore
from forgeledger.jobs.ports import LedgerStore
from tests.support.deployed_template import ROOT, properties, resource_name, resources, statements

PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
ROLES = ("IntakeRole", "ApiRole", "RelayRole")
TABLE = "LedgerTable.Arn"
TRANSACTION = {"dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}

# The actions that each method of the storage ports needs.
STORAGE: dict[str, dict[str, set[str]]] = {
    "load_lane": {TABLE: {"dynamodb:BatchGetItem"}},
    # GetItem: to recognise a commit whose answer was lost.
    "commit_lane": {TABLE: {*TRANSACTION, "dynamodb:GetItem"}},
    "list_due": {TABLE: {"dynamodb:Query"}},
    "read_due": {TABLE: {"dynamodb:BatchGetItem"}},
    "load_work": {TABLE: {"dynamodb:GetItem"}},
    "save_work": {TABLE: {"dynamodb:PutItem"}},
    "delete_due": {TABLE: {"dynamodb:BatchWriteItem"}},
    # UpdateItem: to mark a job whose key moves to the new one.
    "create_job": {TABLE: {"dynamodb:PutItem", "dynamodb:UpdateItem"}},
    "create_sealed_job": {TABLE: {"dynamodb:PutItem", "dynamodb:UpdateItem"}},
    "load_job": {TABLE: {"dynamodb:BatchGetItem"}},
    "key_holder": {TABLE: {"dynamodb:GetItem"}},
    "commit_job": {TABLE: TRANSACTION},
    "roll_up": {TABLE: {"dynamodb:UpdateItem"}},
    "mark_published": {TABLE: {"dynamodb:UpdateItem"}},
    "list_open": {"LedgerTable.Arn/index/jobs-open": {"dynamodb:Query"}},
    "list_jobs": {
        "LedgerTable.Arn/index/jobs-by-status": {"dynamodb:Query"},
        TABLE: {"dynamodb:BatchGetItem"},
    },
    "list_items": {TABLE: {"dynamodb:Query"}},
    "scan_items": {TABLE: {"dynamodb:Query"}},
    "read_journal": {TABLE: {"dynamodb:Query"}},
    "journal_time": {TABLE: {"dynamodb:Query"}},
    "read_facts": {TABLE: {"dynamodb:Query"}},
    "renew": {TABLE: {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"}},
    "mark_renewed": {TABLE: {"dynamodb:UpdateItem"}},
    "load_checkpoint": {TABLE: {"dynamodb:GetItem"}},
    "save_checkpoint": {TABLE: {"dynamodb:UpdateItem"}},
    "find_due": {"LedgerTable.Arn/index/jobs-due": {"dynamodb:Query"}},
}

# Calls to anything but the ledger, and Lambda's calls on a function's behalf.
OTHER_CALLS: dict[str, dict[str, set[str]]] = {
    "IntakeRole": {
        "CommandQueue.Arn": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
        "RejectQueue.Arn": {"sqs:SendMessage"},
        "EventBus.Arn": {"events:PutEvents"},
    },
    "ApiRole": {
        # Powertools' idempotency makes these four.
        "IdempotencyTable.Arn": {
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        },
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ApiKeyParameter}": {
            "ssm:GetParameter"
        },
        "WakeQueue.Arn": {"sqs:SendMessage"},
    },
    "RelayRole": {
        "LedgerTable.StreamArn": {
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        },
        "EventBus.Arn": {"events:PutEvents"},
        "RelayFailureQueue.Arn": {"sqs:SendMessage"},
        "WakeQueue.Arn": {
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        },
        "WorkQueue.Arn": {"sqs:SendMessage"},
        "WorkQueueArns": {"sqs:SendMessage"},
    },
}

# What DynamoDB does with a key of the user's own, on behalf of a role that uses a table.
TABLE_KEY = {
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}

SERVICES = {
    "aws/dynamodb": "dynamodb",
    "jobs/storage": "dynamodb",
    "execution/messages/work_queue.py": "sqs",
    "clock/messages/wake_queue.py": "sqs",
    "jobs/messages/command_queue.py": "sqs",
    "jobs/messages/reject_queue.py": "sqs",
    "jobs/messages/event_bus.py": "events",
}


def granted(role: str) -> dict[str, set[str]]:
    actions_by_resource: dict[str, set[str]] = {}
    for statement in statements(role):
        actions = statement["Action"]
        names = {actions} if isinstance(actions, str) else set(actions)
        resource = resource_name(statement["Resource"])
        actions_by_resource.setdefault(resource, set()).update(names)
    return actions_by_resource


def modules_imported_with(name: str) -> set[Path]:
    """The project's modules that importing this one loads, itself included."""
    seen: set[Path] = set()
    pending = [name]
    while pending:
        base = PACKAGE.parent / pending.pop().replace(".", "/")
        file = next(
            (f for f in (base.with_suffix(".py"), base / "__init__.py") if f.exists()), None
        )
        if file is None or file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("forgeledger"):
                pending.append(str(node.module))
                pending += [f"{node.module}.{alias.name}" for alias in node.names]
    return seen


def port_methods_used(function: str) -> set[str]:
    """Methods of the storage port that a function calls, also through the functions in ports.py."""
    ports = "jobs|lanes|due_rows|facts|lists|retention|checkpoints|due"
    used: set[str] = set()
    for file in modules_imported_with(f"forgeledger.bootstrap.{function}"):
        if file.parent.name == "usecases":
            text = file.read_text()
            called = [body for name, body in functions_of_ports().items() if f"{name}(" in text]
            for source in (text, *called):
                used |= set(re.findall(rf"\b(?:{ports})\.(\w+)\(", source))
    return used


def functions_of_ports() -> dict[str, str]:
    tree = ast.parse((PACKAGE / "jobs" / "ports.py").read_text())
    return {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def calls_of_clients(path: Path) -> Iterator[str]:
    """Names of the boto3 methods that a module calls on something called a client."""
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Attribute) or "client" not in _called(node.value):
                continue
            # A client's `meta` leads to botocore's hooks and makes no request.
            if "meta" not in ast.unparse(node).split("."):
                yield node.attr


def _called(value: ast.expr) -> str:
    """What it is called, without the arguments of a call, one of which may be a client's id."""
    return ast.unparse(value.func if isinstance(value, ast.Call) else value)


def actions_in_transactions(files: list[Path]) -> set[str]:
    kinds = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
    kinds["ConditionCheck"] = "ConditionCheckItem"
    text = "".join(file.read_text() for file in files)
    return {f"dynamodb:{action}" for kind, action in kinds.items() if f'"{kind}":' in text}


def action(service: str, method: str) -> str:
    name = "".join(word.title() for word in method.split("_"))
    # SQS allows a batch by the action of its entries.
    return f"{service}:{name.removesuffix('Batch') if service == 'sqs' else name}"


def expected(role: str) -> dict[str, set[str]]:
    function = role.removesuffix("Role")
    allowed: dict[str, set[str]] = {
        f"{function}LogGroup.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "TableKeyArn": TABLE_KEY,
        **OTHER_CALLS[role],
    }
    for method in port_methods_used(function.lower()):
        for resource, actions in STORAGE[method].items():
            allowed[resource] = allowed.get(resource, set()) | actions
    return allowed


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_exactly_the_calls_of_its_function(role):
    assert granted(role) == expected(role)


def test_every_method_of_the_storage_port_has_its_actions_here():
    methods = {
        name
        for port in (*LedgerStore.__mro__[1:], DueIndex, WorkStore)
        for name, value in vars(port).items()
        if not name.startswith("_") and callable(value)
    }

    assert set(STORAGE) == methods


def test_actions_behind_the_storage_port_are_those_that_the_adapter_calls():
    known = {
        action
        for by_resource in STORAGE.values()
        for actions in by_resource.values()
        for action in actions
    }

    storage = [*(PACKAGE / "aws").rglob("*.py"), *(PACKAGE / "jobs" / "storage").rglob("*.py")]
    called = {action("dynamodb", method) for file in storage for method in calls_of_clients(file)}
    called = called - {"dynamodb:TransactWriteItems"} | actions_in_transactions(storage)

    assert called == known


@pytest.mark.parametrize("path", SERVICES)
def test_every_call_of_an_adapter_is_allowed_to_some_function(path):
    allowed = {action for role in ROLES for actions in granted(role).values() for action in actions}

    called = {action(SERVICES[path], method) for method in calls_of_clients(PACKAGE / path)}

    assert called
    assert called - {"dynamodb:TransactWriteItems"} <= allowed


def test_no_adapter_that_calls_aws_is_missing_here():
    callers = {
        path.relative_to(PACKAGE).as_posix()
        for folder in ("aws", "clock", "execution", "jobs")
        for path in (PACKAGE / folder).rglob("*.py")
        if set(calls_of_clients(path))
    }

    assert all(any(caller.startswith(known) for known in SERVICES) for caller in callers)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_uses_the_key_of_the_tables_through_dynamodb_alone(role):
    [statement] = [s for s in statements(role) if "kms:Decrypt" in s["Action"]]
    [policy] = properties(role)["Policies"]

    # A key of DynamoDB's own needs none, and an empty ARN would be no policy.
    optional = {"Fn::If": ["HasTableKey", statement, {"Ref": "AWS::NoValue"}]}
    assert optional in policy["PolicyDocument"]["Statement"]
    through = {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.*"}}
    assert statement["Condition"] == {"StringLike": through}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_a_wildcard(role):
    for statement in statements(role):
        named = [statement["Action"], resource_name(statement["Resource"])]

        assert "*" not in str(named), statement["Sid"]


@pytest.mark.parametrize("role", ROLES)
def test_only_lambda_takes_a_role_and_it_has_no_policies_from_elsewhere(role):
    role_properties = properties(role)
    [trust] = role_properties["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "ManagedPolicyArns" not in role_properties


def test_each_function_has_its_own_role():
    roles: list[Any] = [
        function["Role"]["Fn::GetAtt"][0]
        for function in resources("AWS::Serverless::Function").values()
    ]

    assert sorted(roles) == sorted([*ROLES, "WorkerRole"])
