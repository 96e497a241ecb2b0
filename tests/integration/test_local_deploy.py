"""Deploying templates to the engine, one after the other on one stack, and reading them back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forgeledger.local.clients import Clients
from forgeledger.local.stack import Stack
from forgeledger.local.stack_deployer import DeploymentFailed, deploy, describe, template_of
from forgeledger.local.stack_reader import DeployedStack
from forgeledger.local.template import PackagedTemplate, package

pytestmark = pytest.mark.integration

HEAD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Feed: { Type: String, Default: "true" }
Conditions:
  IsOn: !Equals [!Ref Feed, "true"]
Resources:
  Queue:
    Type: AWS::SQS::Queue
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: PK, AttributeType: S }]
      KeySchema: [{ AttributeName: PK, KeyType: HASH }]
      StreamSpecification: { StreamViewType: KEYS_ONLY }
  Plain:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [x] }
      Targets: [{ Arn: !GetAtt Queue.Arn, Id: q }]
  Clock:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(1 day)
      Targets: [{ Arn: !GetAtt Queue.Arn, Id: q }]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      Runtime: python3.13
      Environment:
        Variables: { QUEUE: !Ref Queue, PLAIN: x }
      Events:
        FromQueue:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: SIZE
            Enabled: !If [IsOn, true, false]
        FromTable:
          Type: DynamoDB
          Properties: { Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST }
        Off:
          Type: Schedule
          Properties: { Schedule: rate(1 minute), State: DISABLED }
        Hourly:
          Type: Schedule
          Properties: { Schedule: rate(1 hour) }
  Never:
    Type: AWS::SQS::Queue
    Condition: IsOff
"""
TEMPLATE = HEAD.replace("Resources:", '  IsOff: !Equals [!Ref Feed, "off"]\nResources:', 1)
STACK = "deploying"


@pytest.fixture
def clients(engine_url: str) -> Iterator[Clients]:
    clients = Clients(engine_url)
    yield clients
    clients.of("cloudformation").delete_stack(StackName=STACK)


def packaged(tmp_path: Path, text: str) -> PackagedTemplate:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    return package(file)


def deployed(clients: Clients, template: PackagedTemplate, **parameters: str) -> Stack:
    deploy(clients, STACK, template, parameters)
    return DeployedStack(clients, STACK, template.sources).read()


def with_size(size: int) -> str:
    return TEMPLATE.replace("SIZE", str(size))


def test_what_the_template_leaves_out_has_awss_defaults(clients, tmp_path):
    stack = deployed(clients, packaged(tmp_path, with_size(5)))

    (queue,), (stream,) = stack.queues, stack.streams
    assert queue.batch_size == 5
    assert queue.maximum_concurrency is None
    assert not queue.reports_failures
    assert stream.batch_size == 100
    assert stream.starting_position == "LATEST"
    assert stream.retries.maximum_retries == -1
    assert stream.on_failure_arn is None
    assert stack.routes == ()
    assert "Never" not in stack.physical_ids


def test_only_enabled_schedules_of_a_function_are_run(clients, tmp_path):
    stack = deployed(clients, packaged(tmp_path, with_size(5)))

    assert [schedule.expression for schedule in stack.schedules] == ["rate(1 hour)"]
    assert stack.schedules[0].payload == {}


def test_queue_addresses_are_those_of_this_engine(clients, tmp_path, engine_url):
    stack = deployed(clients, packaged(tmp_path, with_size(5)))

    variables = stack.functions["Function"].environment
    assert variables["QUEUE"].startswith(engine_url)
    assert variables["QUEUE"] == stack.physical_ids["Queue"]
    assert variables["PLAIN"] == "x"


def test_a_changed_template_updates_the_stack_and_the_engine_stays_idle(clients, tmp_path):
    first = deployed(clients, packaged(tmp_path, with_size(5)))

    second = deployed(clients, packaged(tmp_path, with_size(7)))

    assert second.queues[0].batch_size == 7
    assert second.queues[0].mapping_id == first.queues[0].mapping_id
    mappings = clients.of("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Disabled"}


def test_a_changed_parameter_updates_the_stack_and_turns_a_mapping_off(clients, tmp_path):
    template = packaged(tmp_path, with_size(5))
    before = deployed(clients, template)

    after = deployed(clients, template, Feed="false")

    assert len(before.queues) == 1
    assert after.queues == ()


def test_an_unchanged_stack_is_left_alone(clients, tmp_path):
    template = packaged(tmp_path, with_size(5))
    deploy(clients, STACK, template, {"Feed": "true"})
    updated = describe(clients, STACK)["LastUpdatedTime"]

    deploy(clients, STACK, template, {"Feed": "true"})

    assert describe(clients, STACK)["LastUpdatedTime"] == updated


def test_what_cloudformation_refuses_is_said_in_its_words(clients, tmp_path):
    template = packaged(tmp_path, "Resources: {X: {Type: AWS::Nothing::Real}}")

    with pytest.raises(DeploymentFailed, match="AWS::Nothing::Real"):
        deploy(clients, STACK, template, {})


def test_a_resource_that_fails_is_named_with_its_reason(clients, tmp_path):
    text = (
        "Resources:\n"
        "  Rule:\n"
        "    Type: AWS::Events::Rule\n"
        "    Properties: { ScheduleExpression: whenever }\n"
        "  Wrong:\n"
        "    Type: AWS::SQS::Queue\n"
        "    Properties: { QueueName: a.fifo, FifoQueue: false }\n"
        "  Mapping:\n"
        "    Type: AWS::Lambda::Permission\n"
        "    Properties: { FunctionName: !GetAtt Wrong.Nothing }\n"
    )

    with pytest.raises(DeploymentFailed, match="Wrong"):
        deploy(clients, STACK, packaged(tmp_path, text), {})


def test_both_stages_of_the_template_can_be_read(clients, tmp_path):
    deploy(clients, STACK, packaged(tmp_path, with_size(5)), {})

    original = template_of(clients, STACK, "Original")["Resources"]
    processed = template_of(clients, STACK, "Processed")["Resources"]
    assert original["Function"]["Type"] == "AWS::Serverless::Function"
    assert processed["Function"]["Type"] == "AWS::Lambda::Function"
