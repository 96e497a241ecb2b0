"""A healthy deployment has nothing wrong; each fault is found, named, and nothing else is."""

import json

import pytest

from forgeledger.cli import exit_codes
from tests.support.fake_deployment import LETTERS, NAMES

COMMANDS, REJECTS = NAMES["CommandQueue"], NAMES["RejectQueue"]


@pytest.fixture
def examined(forgeledger, deployment):
    """What the doctor says, by level; and the exit code."""

    def examine(*words):
        ended = forgeledger("doctor", "--stack", "prod", "--json", *words)
        findings = [json.loads(line) for line in ended.lines]
        by_level = {}
        for finding in findings:
            by_level.setdefault(finding["level"], []).append(
                f"{finding['part']}: {finding['told']}"
            )
        return ended.code, by_level

    return examine


def test_a_healthy_deployment_has_nothing_wrong(examined):
    code, found = examined()

    assert code == 0
    assert set(found) == {"ok"}
    assert "credentials: arn:aws:iam::1:user/someone" in found["ok"]
    assert "API: answers, version 0.1.0" in found["ok"]
    assert "event bus: rules on it: completed" in found["ok"]


def test_findings_are_lines_with_what_to_do_for_people(forgeledger, deployment):
    deployment.told["rules"] = []

    ended = forgeledger("doctor", "--stack", "prod")

    assert "warning  event bus             no rule listens, so nobody is told" in ended.lines
    assert ended.lines[-1].endswith("-> make a rule on job.completed")
    assert ended.err.startswith("0 wrong, 1 to look at, ")


def queue(url, **attributes):
    return lambda told: told["queues"][url].update(attributes)


def relay(**fields):
    return lambda told: told["mappings"]["relay"][0].update(fields)


FAULTS = {
    "stack: prod is ROLLBACK_COMPLETE": lambda told: told.update(
        stack={"StackStatus": "ROLLBACK_COMPLETE"}
    ),
    "command queue: it is not a FIFO queue": queue(COMMANDS, FifoQueue="false"),
    "command queue: it is not set to high throughput": queue(
        COMMANDS, FifoThroughputLimit="perQueue"
    ),
    "reject queue: it takes messages of 262144 bytes": queue(REJECTS, MaximumMessageSize="262144"),
    "command queue: it has no dead-letter queue": queue(COMMANDS, RedrivePolicy=""),
    "command queue: messages are given up after 1 receives": queue(
        COMMANDS,
        RedrivePolicy='{"deadLetterTargetArn": "arn:aws:sqs:x:1:letters.fifo",'
        ' "maxReceiveCount": 1}',
    ),
    "command queue: these credentials may not send": lambda told: told.update(
        send_error="AccessDenied"
    ),
    "reject queue: it has a dead-letter queue": queue(REJECTS, RedrivePolicy="{}"),
    "table: it is UPDATING": lambda told: told["table"].update(TableStatus="UPDATING"),
    "table: its keys are ['PK']": lambda told: told["table"].update(
        KeySchema=[{"KeyType": "HASH", "AttributeName": "PK"}]
    ),
    "table: the index jobs-open is missing": lambda told: told["table"][
        "GlobalSecondaryIndexes"
    ].pop(),
    "table: it has no stream": lambda told: told["table"].update(StreamSpecification={}),
    "table: expiry by the attribute ttl is off": lambda told: told.update(expiry={}),
    "intake function: it lacks FORGELEDGER_TABLE, FORGELEDGER_REJECT_QUEUE_URL": lambda told: told[
        "functions"
    ]["intake"].update(Environment={}),
    "api function: it is Failed: no image": lambda told: told["functions"]["api"].update(
        State="Failed", StateReason="no image"
    ),
    "relay function: its last update failed: why": lambda told: told["functions"]["relay"].update(
        LastUpdateStatus="Failed", LastUpdateStatusReason="why"
    ),
    "queue mapping: nothing feeds the command queue": lambda told: told["mappings"].update(
        intake=[]
    ),
    "queue mapping: it is Disabled": lambda told: told["mappings"]["intake"][0].update(
        State="Disabled"
    ),
    "queue mapping: it takes no partial answers": lambda told: told["mappings"]["intake"][0].pop(
        "FunctionResponseTypes"
    ),
    "queue mapping: messages are visible again after 30 s": queue(COMMANDS, VisibilityTimeout="30"),
    "stream mapping: nothing feeds the table's stream": lambda told: told["mappings"].update(
        relay=[]
    ),
    "stream mapping: a batch that fails is not halved": relay(BisectBatchOnFunctionError=False),
    "stream mapping: a bad record is tried until it expires": relay(MaximumRetryAttempts=-1),
    "stream mapping: records that are given up leave no trace": relay(DestinationConfig=None),
    "stream mapping: its filters do not let heads": relay(FilterCriteria={}),
    "permissions: RelayFunction may not events:PutEvents": lambda told: told["forbidden"].append(
        ("relay", "events:PutEvents")
    ),
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_fault_is_found_and_named_and_nothing_else_is(examined, deployment, told):
    FAULTS[told](deployment.told)

    code, found = examined()

    assert code == exit_codes.NOT_AS_HOPED
    assert [line[: len(told)] for line in found["wrong"]] == [told]


WARNINGS = {
    "stack: prod is UPDATE_IN_PROGRESS": lambda told: told.update(
        stack={"StackStatus": "UPDATE_IN_PROGRESS"}
    ),
    "dead-letter queue: about 3 messages wait": queue(LETTERS, ApproximateNumberOfMessages="3"),
    "reject queue: about 2 messages wait": queue(REJECTS, ApproximateNumberOfMessages="2"),
    "relay failure queue: the stream gave up on about 1 batches": queue(
        NAMES["RelayFailureQueue"], ApproximateNumberOfMessages="1"
    ),
    "stream mapping: its last batch: PROBLEM: Function call failed": relay(
        LastProcessingResult="PROBLEM: Function call failed"
    ),
    "event bus: no rule listens": lambda told: told.update(rules=[]),
}


@pytest.mark.parametrize("told", WARNINGS)
def test_what_somebody_should_look_at_is_a_warning(examined, deployment, told):
    WARNINGS[told](deployment.told)

    code, found = examined()

    assert code == 0
    assert [line[: len(told)] for line in found["warning"]] == [told]


def test_another_version_is_a_warning(examined, monkeypatch):
    monkeypatch.setattr("forgeledger.cli.doctor.access.__version__", "7.0.0")

    code, found = examined()

    assert code == 0
    assert found["warning"] == ["API: its version is 0.1.0, and this program's 7.0.0"]


def test_what_these_credentials_may_not_look_at_is_unknown_and_not_wrong(examined, deployment):
    deployment.denied = {"describe_table", "get_caller_identity"}

    code, found = examined()

    assert code == 0
    assert {line.split(":")[0] for line in found["unknown"]} == {
        "credentials",
        "table",
        "permissions",
    }


def test_an_api_that_does_not_answer_is_wrong_and_the_rest_is_still_examined(examined, api):
    from forgeledger.sdk.errors import NoAnswerError

    def refuse(number):
        raise NoAnswerError("GET", "http://api.test/health", "refused")

    api.on_request = refuse

    code, found = examined()

    assert code == exit_codes.NOT_AS_HOPED
    assert found["wrong"] == ["API: no answer from http://api.test/health: refused"]
    assert len(found["ok"]) > 10


def test_a_fault_of_the_doctor_itself_is_not_taken_for_one_of_the_deployment(
    forgeledger, deployment
):
    deployment.told["stack"] = {}

    ended = forgeledger("doctor", "--stack", "prod")

    assert ended.code == exit_codes.INTERNAL


def test_a_queue_that_takes_anything_is_unknown(examined, deployment):
    deployment.told["send_error"] = ""

    _, found = examined()

    assert found["unknown"] == [
        "command queue: it took a message without a group, as no FIFO queue of AWS does"
    ]


def test_a_send_that_fails_otherwise_is_told(examined, deployment):
    from botocore.exceptions import NoCredentialsError

    def fail(**asked):
        raise NoCredentialsError

    object.__setattr__(deployment, "send_message", fail)

    _, found = examined()

    assert found["wrong"] == ["command queue: AWS: Unable to locate credentials"]


def test_without_a_stack_what_has_an_address_is_examined(forgeledger, deployment):
    ended = forgeledger("doctor", "--json", FORGELEDGER_COMMAND_QUEUE_URL=COMMANDS)

    findings = [json.loads(line) for line in ended.lines]
    unknown = {finding["part"] for finding in findings if finding["level"] == "unknown"}
    assert ended.code == 0
    assert unknown == {
        "stack",
        "reject queue",
        "table",
        "intake function",
        "api function",
        "relay function",
        "permissions",
    }


def test_locally_permissions_and_the_engines_own_mappings_are_not_asked_for(
    forgeledger, deployment, tmp_path
):
    from forgeledger.local.state_dir import Description, StateDir

    state = StateDir(tmp_path / "state")
    state.acquire()
    state.describe(
        Description(
            endpoint_url="http://127.0.0.1:1",
            region="us-east-1",
            api_url="http://api.test",
            command_queue_url=COMMANDS,
            reject_queue_url=REJECTS,
            table_name="ledger",
            event_bus_name="bus",
            stream_arn="arn",
        )
    )
    deployment.told["mappings"]["relay"][0]["State"] = "Disabled"
    deployment.told["expiry"] = {}

    ended = forgeledger("doctor", "--local", FORGELEDGER_STATE_DIR=str(state.root))
    state.release()

    assert ended.code == 0
    assert "fed by the local cloud" in ended.out
    assert "permissions" not in ended.out.replace("checks no permissions", "")
