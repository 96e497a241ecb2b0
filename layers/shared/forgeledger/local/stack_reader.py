"""Reads the deployed stack from the engine, and from its template what the engine drops."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from forgeledger.local.clients import Clients
from forgeledger.local.filters import parse_criteria
from forgeledger.local.http_cors import Cors
from forgeledger.local.intrinsics import Resolver
from forgeledger.local.stack import (
    Function,
    QueueMapping,
    Route,
    Schedule,
    Stack,
    StreamMapping,
)
from forgeledger.local.stack_deployer import describe, template_of
from forgeledger.local.stream_batches import RetryRule

DEFAULT_STREAM_BATCH: Final = 100
_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_ANY: Final = "x-amazon-apigateway-any-method"
_QUEUE_URL: Final = re.compile(r"^http://[^/]+(/\d{12}/[A-Za-z0-9_.-]+)$")


class DeployedStack:
    """One stack on the engine, read as records."""

    def __init__(self, clients: Clients, stack_name: str, sources: Mapping[str, Path]) -> None:
        self._clients = clients
        self._sources = sources
        stack = describe(clients, stack_name) or {}
        self._outputs = {
            output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])
        }
        template = template_of(clients, stack_name, "Processed")
        self._resources: Mapping[str, Any] = template["Resources"]
        self._resolver = Resolver(
            parameters={
                parameter["ParameterKey"]: parameter["ParameterValue"]
                for parameter in stack.get("Parameters", [])
            },
            conditions=template.get("Conditions", {}),
        )
        self._physical = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in clients.of("cloudformation").describe_stack_resources(
                StackName=stack_name
            )["StackResources"]
        }

    def read(self) -> Stack:
        functions = {function.logical_id: function for function in self._functions()}
        by_arn = {function.arn: logical_id for logical_id, function in functions.items()}
        mappings = list(self._mappings())
        return Stack(
            functions=functions,
            queues=tuple(
                self._queue_mapping(mapping, by_arn)
                for mapping in mappings
                if _service(mapping) == "sqs"
            ),
            streams=tuple(
                self._stream_mapping(mapping, by_arn)
                for mapping in mappings
                if _service(mapping) == "dynamodb"
            ),
            schedules=tuple(self._schedules(by_arn)),
            routes=tuple(self._routes()),
            cors=next((Cors.read(body, self._resolver) for body in self._api_bodies()), None),
            physical_ids={
                name: self._with_current_port(value) for name, value in self._physical.items()
            },
            outputs={name: self._with_current_port(value) for name, value in self._outputs.items()},
        )

    def _of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self._resources.items():
            # A resource whose condition is false is in the template but not in the stack.
            if resource["Type"] == kind and logical_id in self._physical:
                yield logical_id, resource.get("Properties", {})

    def _with_current_port(self, value: str) -> str:
        """A queue's URL has the port of the run that created it; replace it with this run's."""
        match = _QUEUE_URL.match(value)
        return self._clients.endpoint_url + match.group(1) if match else value

    def _functions(self) -> Iterator[Function]:
        client = self._clients.of("lambda")
        for logical_id, _ in self._of_type("AWS::Lambda::Function"):
            answer = client.get_function_configuration(FunctionName=self._physical[logical_id])
            variables = answer.get("Environment", {}).get("Variables", {})
            yield Function(
                logical_id=logical_id,
                name=answer["FunctionName"],
                arn=answer["FunctionArn"],
                source=self._sources[logical_id],
                handler=answer["Handler"],
                timeout_seconds=float(answer["Timeout"]),
                memory_mb=int(answer["MemorySize"]),
                environment={
                    name: self._with_current_port(value) for name, value in variables.items()
                },
            )

    def _mappings(self) -> Iterator[dict[str, Any]]:
        """The mappings that the template enables, with the batch size that the engine drops."""
        client = self._clients.of("lambda")
        for logical_id, properties in self._of_type("AWS::Lambda::EventSourceMapping"):
            # Not from the engine: it enables all of them, and the deployment then disables them.
            if not self._resolver.flag(properties.get("Enabled"), default=True):
                continue
            mapping = dict(client.get_event_source_mapping(UUID=self._physical[logical_id]))
            if "BatchSize" not in properties and _service(mapping) == "dynamodb":
                mapping["BatchSize"] = DEFAULT_STREAM_BATCH  # The engine always defaults to 10.
            yield mapping

    def _queue_mapping(self, mapping: Mapping[str, Any], by_arn: Mapping[str, str]) -> QueueMapping:
        arn = mapping["EventSourceArn"]
        url = self._clients.of("sqs").get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
        return QueueMapping(
            mapping_id=mapping["UUID"],
            function=by_arn[mapping["FunctionArn"]],
            queue_arn=arn,
            queue_url=self._with_current_port(url),
            batch_size=int(mapping["BatchSize"]),
            window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            maximum_concurrency=(mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
            reports_failures=_reports_failures(mapping),
            patterns=parse_criteria(mapping.get("FilterCriteria")),
        )

    def _stream_mapping(
        self, mapping: Mapping[str, Any], by_arn: Mapping[str, str]
    ) -> StreamMapping:
        on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
        return StreamMapping(
            mapping_id=mapping["UUID"],
            function=by_arn[mapping["FunctionArn"]],
            stream_arn=mapping["EventSourceArn"],
            starting_position=mapping.get("StartingPosition", "LATEST"),
            batch_size=int(mapping["BatchSize"]),
            window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            retries=RetryRule(
                maximum_retries=int(mapping.get("MaximumRetryAttempts", -1)),
                maximum_age_seconds=int(mapping.get("MaximumRecordAgeInSeconds", -1)),
                bisects=bool(mapping.get("BisectBatchOnFunctionError", False)),
            ),
            on_failure_arn=on_failure.get("Destination"),
            reports_failures=_reports_failures(mapping),
            patterns=parse_criteria(mapping.get("FilterCriteria")),
        )

    def _schedules(self, by_arn: Mapping[str, str]) -> Iterator[Schedule]:
        client = self._clients.of("events")
        for logical_id, properties in self._of_type("AWS::Events::Rule"):
            if "ScheduleExpression" not in properties:
                continue
            if not self._resolver.flag(properties.get("State"), default=True):
                continue
            name = self._physical[logical_id].rsplit("/", 1)[-1]
            rule = client.describe_rule(Name=name)
            for target in client.list_targets_by_rule(Rule=name)["Targets"]:
                if target["Arn"] in by_arn:
                    yield Schedule(
                        name=name,
                        function=by_arn[target["Arn"]],
                        expression=rule["ScheduleExpression"],
                        payload=json.loads(target.get("Input", "{}")),
                    )

    def _api_bodies(self) -> Iterator[Mapping[str, Any]]:
        for _, properties in self._of_type("AWS::ApiGatewayV2::Api"):
            yield properties.get("Body", {})

    def _routes(self) -> Iterator[Route]:
        """From the API's OpenAPI body, since the engine deploys no routes."""
        for body in self._api_bodies():
            for path, operations in body.get("paths", {}).items():
                for method, operation in operations.items():
                    if method not in {*_METHODS, _ANY}:
                        continue
                    uri = operation["x-amazon-apigateway-integration"]["uri"]
                    function = re.search(r"\$\{(\w+)\.Arn\}", json.dumps(uri))
                    if function:
                        yield Route(
                            method="ANY" if method == _ANY else method.upper(),
                            path=path,
                            function=function.group(1),
                        )


def _service(mapping: Mapping[str, Any]) -> str:
    return str(mapping["EventSourceArn"].split(":")[2])


def _reports_failures(mapping: Mapping[str, Any]) -> bool:
    return "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])
