"""The queues: their kind, their limits, and what has piled up in them."""

import json
from collections.abc import Mapping

from forgeledger.cli.deployment import COMMAND_QUEUE_URL
from forgeledger.cli.doctor.findings import Finding, Findings, Section, Target, error_code
from forgeledger.cli.queue_peek import dead_letter_queue_url
from forgeledger.jobs.model.limits import MESSAGE_BYTES

_DEPLOY = "deploy the template again, unchanged"


def check_command_queue(patient: Target) -> Findings:
    part = Section("command queue")
    url = patient.deployment.needed("command_queue_url", COMMAND_QUEUE_URL)
    attributes = _attributes(patient, url)
    yield from part.rules(*_fifo_rules(attributes), *_redrive_rules(attributes))
    yield _may_send(patient, url, part)
    client = patient.client("sqs")
    dead_letters = dead_letter_queue_url(client, url)
    if dead_letters is not None:
        yield _depth(patient, dead_letters, Section("dead-letter queue"), " --queue dead-letter")


def check_reject_queue(patient: Target) -> Findings:
    part = Section("reject queue")
    url = patient.deployment.reject_queue_url
    if url is None:
        yield part.unknown("its address is not known", "give --reject-queue-url or --stack")
        return
    attributes = _attributes(patient, url)
    yield from part.rules(
        *_fifo_rules(attributes),
        (
            "RedrivePolicy" not in attributes,
            "it has a dead-letter queue, so looking at rejects moves them away",
            _DEPLOY,
        ),
    )
    yield _depth(patient, url, part, "")


def check_relay_failures(patient: Target) -> Findings:
    part = Section("relay failure queue")
    url = patient.resource("RelayFailureQueue")
    if url is None:
        return
    waiting = int(_attributes(patient, url)["ApproximateNumberOfMessages"])
    if waiting:
        yield part.warning(
            f"the stream gave up on about {waiting} batches of records",
            f"forgeledger reconcile --running{patient.where.repeated()}, then purge the queue",
        )
    else:
        yield part.ok("empty")


def _fifo_rules(attributes: Mapping[str, str]) -> list[tuple[bool, str, str]]:
    size = int(attributes.get("MaximumMessageSize", MESSAGE_BYTES))
    return [
        (attributes.get("FifoQueue") == "true", "it is not a FIFO queue", _DEPLOY),
        (
            attributes.get("FifoThroughputLimit") == "perMessageGroupId"
            and attributes.get("DeduplicationScope") == "messageGroup",
            "it is not set to high throughput, so 300 requests a second are its end",
            "set DeduplicationScope messageGroup and FifoThroughputLimit perMessageGroupId",
        ),
        (
            size >= MESSAGE_BYTES,
            f"it takes messages of {size} bytes; the contract promises {MESSAGE_BYTES}",
            f"set MaximumMessageSize {MESSAGE_BYTES}",
        ),
    ]


def _redrive_rules(attributes: Mapping[str, str]) -> list[tuple[bool, str, str]]:
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    receives = int(policy.get("maxReceiveCount", 0))
    return [
        (
            bool(policy),
            "it has no dead-letter queue, so a message that always fails blocks its group",
            _DEPLOY,
        ),
        (
            not policy or receives >= 10,
            f"messages are given up after {receives} receives; an outage of the table needs more",
            "set maxReceiveCount 20",
        ),
    ]


def _attributes(patient: Target, url: str) -> Mapping[str, str]:
    answer = patient.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    found: Mapping[str, str] = answer["Attributes"]
    return found


def _may_send(patient: Target, url: str, part: Section) -> Finding:
    """Asks with a message that SQS can only refuse: permission is looked at first."""
    try:
        patient.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    except Exception as error:
        code = error_code(error)
        if "AccessDenied" in code:
            return part.wrong(
                "these credentials may not send commands", "allow sqs:SendMessage on the queue"
            )
        if not code:
            raise
        return part.ok("these credentials may send commands")
    return part.unknown("it took a message without a group, as no FIFO queue of AWS does")


def _depth(patient: Target, url: str, part: Section, option: str) -> Finding:
    waiting = int(_attributes(patient, url)["ApproximateNumberOfMessages"])
    where = patient.where.repeated("command_queue_url", "reject_queue_url")
    if not waiting:
        return part.ok("empty")
    return part.warning(
        f"about {waiting} messages wait in it", f"forgeledger rejects list{option}{where}"
    )
