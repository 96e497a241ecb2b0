"""A healthy deployment has nothing wrong; each fault is found, named, and nothing else is."""

import json

import pytest

from forgeledger.cli import exit_codes
from tests.support.fake_deployment import LETTERS, NAMES

COMMANDS, REJECTS, WAKES = NAMES["CommandQueue"], NAMES["RejectQueue"], NAMES["WakeQueue"]


@pytest.fixture
def examined(forgeledger, deployment):
    """The exit code of `doctor`, and its findings by level."""

    def examine(*words):
        ended = forgeledger("doctor", "--stack", "prod", "--json", *words)
        findings = [json.loads(line) for line in ended.lines]
        by_level = {}
        for finding in findings:
            by_level.setdefault(finding["level"], []).append(
                f"{finding['part']}: {finding['message']}"
            )
        return ended.code, by_level

    return examine


def test_a_healthy_deployment_has_nothing_wrong(examined):
    code, findings = examined()

    assert code == 0
    assert set(findings) == {"ok"}
    assert "credentials: arn:aws:iam::1:user/someone" in findings["ok"]
    assert "API: answers, version 0.1.0" in findings["ok"]
    assert "event bus: rules on it: job-ends" in findings["ok"]


def test_findings_are_lines_with_what_to_do_for_people(forgeledger, deployment):
    deployment.answers["rules"] = []

    ended = forgeledger("doctor", "--stack", "prod")

    assert (
        "warning  event bus             no rule on it is enabled, so its events go nowhere"
        in ended.lines
    )
    assert ended.lines[-1].endswith(
        "-> make a rule on job.completed, job.failed and job.canceled (docs/events.md)"
    )
    assert ended.err.startswith("0 wrong, 1 warning, ")


def queue(url, **attributes):
    return lambda aws: aws["queues"][url].update(attributes)


def relay(**fields):
    return lambda aws: aws["mappings"]["relay"][0].update(fields)


FAULTS = {
    "stack: prod is ROLLBACK_COMPLETE": lambda aws: aws.update(
        stack={"StackStatus": "ROLLBACK_COMPLETE"}
    ),
    "command queue: it is not a FIFO queue": queue(COMMANDS, FifoQueue="false"),
    "command queue: it is not set to high throughput": queue(
        COMMANDS, FifoThroughputLimit="perQueue"
    ),
    "reject queue: it takes messages of up to 262144 bytes": queue(
        REJECTS, MaximumMessageSize="262144"
    ),
    "command queue: it has no dead-letter queue": queue(COMMANDS, RedrivePolicy=""),
    "command queue: messages are dead letters after 1 receive;": queue(
        COMMANDS,
        RedrivePolicy='{"deadLetterTargetArn": "arn:aws:sqs:x:1:letters.fifo",'
        ' "maxReceiveCount": 1}',
    ),
    "command queue: these credentials may not send": lambda aws: aws.update(
        send_error="AccessDenied"
    ),
    "reject queue: it has a dead-letter queue": queue(REJECTS, RedrivePolicy="{}"),
    "table: it is UPDATING": lambda aws: aws["table"].update(TableStatus="UPDATING"),
    "table: its keys are ['PK']": lambda aws: aws["table"].update(
        KeySchema=[{"KeyType": "HASH", "AttributeName": "PK"}]
    ),
    "table: the index jobs-open is missing": lambda aws: aws["table"][
        "GlobalSecondaryIndexes"
    ].pop(),
    "table: it has no stream": lambda aws: aws["table"].update(StreamSpecification={}),
    "table: TTL on the attribute ttl is off": lambda aws: aws.update(expiry={}),
    "intake function: it lacks the variables FORGELEDGER_TABLE, FORGE": lambda aws: aws[
        "functions"
    ]["intake"].update(Environment={}),
    "api function: it is Failed: no image": lambda aws: aws["functions"]["api"].update(
        State="Failed", StateReason="no image"
    ),
    "relay function: its last update failed: why": lambda aws: aws["functions"]["relay"].update(
        LastUpdateStatus="Failed", LastUpdateStatusReason="why"
    ),
    "queue mapping: no mapping feeds the command queue": lambda aws: aws["mappings"].update(
        intake=[]
    ),
    "queue mapping: it is Disabled": lambda aws: aws["mappings"]["intake"][0].update(
        State="Disabled"
    ),
    "queue mapping: it does not take partial failures": lambda aws: aws["mappings"]["intake"][
        0
    ].pop("FunctionResponseTypes"),
    "queue mapping: the visibility timeout is 30 s": queue(COMMANDS, VisibilityTimeout="30"),
    "stream mapping: no mapping feeds the table's stream": lambda aws: aws["mappings"]["relay"].pop(
        0
    ),
    "stream mapping: a failed batch is not bisected": relay(BisectBatchOnFunctionError=False),
    "stream mapping: a bad record is retried until it expires": relay(MaximumRetryAttempts=-1),
    "stream mapping: records whose retries are exhausted are discarded": relay(
        DestinationConfig=None
    ),
    "clock: no mapping feeds the wake queue": lambda aws: aws["mappings"]["relay"].pop(),
    "clock: it is Disabled": lambda aws: aws["mappings"]["relay"][1].update(State="Disabled"),
    "clock: wakes become visible again before 180 s": queue(WAKES, VisibilityTimeout="30"),
    "clock: it has no dead-letter queue": queue(WAKES, RedrivePolicy=""),
    "clock: no enabled rule sends the tick": lambda aws: aws["tick"].update(State="DISABLED"),
    "table: the index jobs-due is missing": lambda aws: aws["table"]["GlobalSecondaryIndexes"].pop(
        1
    ),
    "stream mapping: its filters do not pass lane heads": relay(FilterCriteria={}),
    "permissions: RelayFunction may not events:PutEvents": lambda aws: aws["forbidden"].append(
        ("relay", "events:PutEvents")
    ),
    "permissions: IntakeFunction may not events:PutEvents": lambda aws: aws["forbidden"].append(
        ("intake", "events:PutEvents")
    ),
    "permissions: IntakeFunction may not dynamodb:Query": lambda aws: aws["forbidden"].append(
        ("intake", "dynamodb:Query")
    ),
    "intake function: it lacks the variables FORGELEDGER_EVENT_BUS": lambda aws: aws["functions"][
        "intake"
    ]["Environment"]["Variables"].pop("FORGELEDGER_EVENT_BUS"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named_and_nothing_else_is(examined, deployment, fault):
    FAULTS[fault](deployment.answers)

    code, findings = examined()

    assert code == exit_codes.NOT_AS_HOPED
    assert [line[: len(fault)] for line in findings["wrong"]] == [fault]


WARNINGS = {
    "stack: prod is UPDATE_IN_PROGRESS": lambda aws: aws.update(
        stack={"StackStatus": "UPDATE_IN_PROGRESS"}
    ),
    "dead-letter queue: about 3 messages wait": queue(LETTERS, ApproximateNumberOfMessages="3"),
    "reject queue: about 2 messages wait": queue(REJECTS, ApproximateNumberOfMessages="2"),
    "relay failure queue: about 1 batch of stream records failed": queue(
        NAMES["RelayFailureQueue"], ApproximateNumberOfMessages="1"
    ),
    "stream mapping: its last batch: PROBLEM: Function call failed": relay(
        LastProcessingResult="PROBLEM: Function call failed"
    ),
    "event bus: no rule on it is enabled": lambda aws: aws.update(
        rules=[{"Name": "Events-Archive-ledger", "State": "ENABLED"}]
    ),
    "event bus: without a target, so that nothing gets its events: job-ends": (
        lambda aws: aws.update(targets={})
    ),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_what_somebody_should_look_at_is_a_warning(examined, deployment, warning):
    WARNINGS[warning](deployment.answers)

    code, findings = examined()

    assert code == 0
    assert [line[: len(warning)] for line in findings["warning"]] == [warning]


def test_another_version_is_a_warning(examined, monkeypatch):
    monkeypatch.setattr("forgeledger.cli.doctor.access.__version__", "7.0.0")

    code, findings = examined()

    assert code == 0
    assert findings["warning"] == ["API: its version is 0.1.0, and this program's is 7.0.0"]


def test_what_these_credentials_may_not_look_at_is_unknown_and_not_wrong(examined, deployment):
    deployment.denied = {"describe_table", "get_caller_identity"}

    code, findings = examined()

    assert code == 0
    assert {line.split(":")[0] for line in findings["unknown"]} == {
        "credentials",
        "table",
        "permissions",
    }


def test_an_api_that_does_not_answer_is_wrong_and_the_rest_is_still_examined(examined, api):
    from forgeledger.sdk.errors import NoAnswerError

    def refuse(number):
        raise NoAnswerError("GET", "http://api.test/health", "refused")

    api.on_request = refuse

    code, findings = examined()

    assert code == exit_codes.NOT_AS_HOPED
    assert findings["wrong"] == ["API: no answer from http://api.test/health: refused"]
    assert len(findings["ok"]) > 10


def test_a_fault_of_the_doctor_itself_is_not_taken_for_one_of_the_deployment(
    forgeledger, deployment
):
    deployment.answers["stack"] = {}

    ended = forgeledger("doctor", "--stack", "prod")

    assert ended.code == exit_codes.INTERNAL


def test_a_queue_that_takes_anything_is_unknown(examined, deployment):
    deployment.answers["send_error"] = ""

    _, findings = examined()

    assert findings["unknown"] == [
        "command queue: it accepted a message without a group, which no FIFO queue of AWS does"
    ]


def test_a_send_that_fails_otherwise_is_reported(examined, deployment):
    from botocore.exceptions import NoCredentialsError

    def fail(**request):
        raise NoCredentialsError

    object.__setattr__(deployment, "send_message", fail)

    _, findings = examined()

    assert findings["wrong"] == ["command queue: AWS: Unable to locate credentials"]


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
    from forgeledger.local.state_dir import StateDir
    from forgeledger.local_description import Description

    state = StateDir(tmp_path / "state")
    state.acquire()
    state.describe(
        Description(
            **{
                **dict.fromkeys(Description.__dataclass_fields__, "http://127.0.0.1:1"),
                "api_url": "http://api.test",
                "command_queue_url": COMMANDS,
                "reject_queue_url": REJECTS,
                "table_name": "ledger",
                "event_bus_name": "bus",
            }
        )
    )
    deployment.answers["mappings"]["relay"][0]["State"] = "Disabled"
    deployment.answers["expiry"] = {}

    ended = forgeledger("doctor", "--local", FORGELEDGER_STATE_DIR=str(state.root))
    state.release()

    assert ended.code == 0
    assert "polled by the local cloud" in ended.out
    assert "permissions" not in ended.out.replace("checks no permissions", "")
