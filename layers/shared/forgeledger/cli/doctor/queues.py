"""Checks the queues: their attributes, and the messages that wait in them."""

import json
from collections.abc import Mapping

from forgeledger.aws.errors import code_of
from forgeledger.cli.deployment import COMMAND_QUEUE_URL, needed
from forgeledger.cli.doctor.findings import Finding, Findings, Section, Target
from forgeledger.cli.queue_peek import dead_letter_queue_url
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.plural import plural

_DEPLOY = "deploy the template again, unchanged"


def check_command_queue(target: Target) -> Findings:
    section = Section("command queue")
    url = needed(COMMAND_QUEUE_URL, target.deployment.endpoints.command_queue_url)
    attributes = queue_attributes(target, url)
    yield from section.rules(*_fifo_rules(attributes), *_redrive_rules(attributes))
    yield _may_send(target, url, section)
    client = target.client("sqs")
    dead_letters = dead_letter_queue_url(client, url)
    if dead_letters is not None:
        yield _depth(target, dead_letters, Section("dead-letter queue"), "deadletters")


def check_reject_queue(target: Target) -> Findings:
    section = Section("reject queue")
    url = target.deployment.reject_queue_url
    if url is None:
        yield section.unknown("its address is not known", "give --reject-queue-url or --stack")
        return
    attributes = queue_attributes(target, url)
    yield from section.rules(
        *_fifo_rules(attributes),
        (
            "RedrivePolicy" not in attributes,
            "it has a dead-letter queue, to which reading rejects would move them",
            _DEPLOY,
        ),
    )
    yield _depth(target, url, section, "rejects")


def check_relay_failures(target: Target) -> Findings:
    section = Section("relay failure queue")
    url = target.resource("RelayFailureQueue")
    if url is None:
        return
    waiting = int(queue_attributes(target, url)["ApproximateNumberOfMessages"])
    if waiting:
        yield section.warning(
            f"about {plural(waiting, 'batch', 'batches')} of stream records failed for good",
            f"forgeledger reconcile --running{target.where.as_options()}, then purge the queue",
        )
    else:
        yield section.ok("empty")


def _fifo_rules(attributes: Mapping[str, str]) -> list[tuple[bool, str, str]]:
    size = int(attributes.get("MaximumMessageSize", MESSAGE_BYTES))
    return [
        (attributes.get("FifoQueue") == "true", "it is not a FIFO queue", _DEPLOY),
        (
            attributes.get("FifoThroughputLimit") == "perMessageGroupId"
            and attributes.get("DeduplicationScope") == "messageGroup",
            "it is not set to high throughput, so it takes 300 requests a second at most",
            "set DeduplicationScope messageGroup and FifoThroughputLimit perMessageGroupId",
        ),
        (
            size >= MESSAGE_BYTES,
            f"it takes messages of up to {size} bytes, and the contract allows {MESSAGE_BYTES}",
            f"set MaximumMessageBytes, or give workers OutboxLimits(message_bytes={size})",
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
            f"messages are dead letters after {plural(receives, 'receive')}; an outage needs more",
            "set maxReceiveCount 30",
        ),
    ]


def queue_attributes(target: Target, url: str) -> Mapping[str, str]:
    answer = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes: Mapping[str, str] = answer["Attributes"]
    return attributes


def _may_send(target: Target, url: str, section: Section) -> Finding:
    """Sends a message without a group, which SQS refuses after it has checked the permission."""
    try:
        target.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    except Exception as error:
        code = code_of(error)
        if "AccessDenied" in code:
            return section.wrong(
                "these credentials may not send commands", "allow sqs:SendMessage on the queue"
            )
        if not code:
            raise
        return section.ok("these credentials may send commands")
    return section.unknown("it accepted a message without a group, which no FIFO queue of AWS does")


def _depth(target: Target, url: str, section: Section, group: str) -> Finding:
    waiting = int(queue_attributes(target, url)["ApproximateNumberOfMessages"])
    where = target.where.as_options("command_queue_url", "reject_queue_url")
    if not waiting:
        return section.ok("empty")
    return section.warning(
        f"about {plural(waiting, 'message waits', 'messages wait')} in it",
        f"forgeledger {group} list{where}",
    )
