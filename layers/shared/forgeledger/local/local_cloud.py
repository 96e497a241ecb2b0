"""The local cloud in this process: the engine, the stack, and its functions' event sources."""

import contextlib
import logging
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol, Self

from forgeledger.local.checkpoints import CheckpointFile
from forgeledger.local.clients import Clients
from forgeledger.local.engine import HOST, REGION, Engine, client_environment
from forgeledger.local.engine_calls import EngineCalls
from forgeledger.local.function_pool import FunctionPool
from forgeledger.local.http_gateway import HttpGateway
from forgeledger.local.parameters import local_parameters
from forgeledger.local.queue_poller import QueuePoller
from forgeledger.local.schedules import ScheduleRunner, interval_seconds
from forgeledger.local.stack import QueueMapping, Schedule, Stack, StreamMapping
from forgeledger.local.stack_deployer import deploy
from forgeledger.local.stack_reader import DeployedStack
from forgeledger.local.state_dir import StateDir, default_state_dir, find_project
from forgeledger.local.stream_poller import StreamPoller
from forgeledger.local.template import package
from forgeledger.local_description import Description

STACK_NAME: Final = "forgeledger"
DRAIN_SECONDS: Final = 10.0
logger = logging.getLogger(__name__)


class EventSource(Protocol):
    """Invokes a function from threads of its own."""

    def start(self) -> None: ...
    def halt(self) -> None: ...
    def join(self, deadline: float) -> None: ...


class LocalCloud:
    """The whole stack on this machine, until the `with` block ends.

    Its data stays in `state_dir` for the next run. Ports not given are those of the last run, or
    free ones. Functions reach the engine at `functions_endpoint_url`, such as a proxy before it;
    everything else reaches it directly.
    """

    def __init__(
        self,
        *,
        project_dir: Path | None = None,
        state_dir: Path | None = None,
        engine_port: int = 0,
        api_port: int = 0,
        parameters: Mapping[str, str] | None = None,
        concurrency: int | None = None,
        functions_endpoint_url: str | None = None,
    ) -> None:
        self._project = project_dir or find_project()
        self._state = StateDir(state_dir or default_state_dir(self._project))
        self._wanted_ports = {"engine": engine_port, "api": api_port}
        self._parameters = parameters or {}
        self._concurrency = concurrency
        self._functions_endpoint_url = functions_endpoint_url
        self._running = contextlib.ExitStack()
        self._pools: dict[str, FunctionPool] = {}
        self._streams: tuple[StreamPoller, ...] = ()
        self._description: Description | None = None
        self.engine = Engine()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def description(self) -> Description:
        if self._description is None:
            raise RuntimeError("the local cloud is not running")
        return self._description

    def start(self) -> Self:
        """Start everything and wait until each part answers; on failure stop all of it."""
        with contextlib.ExitStack() as undo:
            self._state.acquire()
            undo.callback(self._state.release)
            self._start_engine(undo)
            self.clients = Clients(self.engine.url)
            self._calls = EngineCalls(self.engine.url)
            self.stack = self._deploy()
            self._start_pools(undo)
            gateway = self._start_gateway(undo)
            self._start_event_sources(undo)
            self._description = self._describe(gateway.url)
            self._state.describe(self._description)
            undo.callback(self._state.remove_description)
            self._running = undo.pop_all()
        return self

    def stop(self) -> None:
        """Stop event sources, gateway, functions and engine, which saves its data."""
        self._description = None
        self._running.close()
        self._pools = {}

    def client(self, service: str) -> Any:
        """A boto3 client on the engine."""
        return self.clients.of(service)

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its logical id and return its response."""
        return self._pools[function].invoke(event)

    def function_pids(self, function: str) -> list[int]:
        """The ids of the processes that run a function, by its logical id."""
        return self._pools[function].pids()

    def physical_id(self, logical_id: str) -> str:
        """The queue URL, table or bus name of a logical id; empty if it has none."""
        return self.stack.physical_ids.get(logical_id, "")

    def _start_engine(self, undo: contextlib.ExitStack) -> None:
        last = self._state.ports()
        port = self._wanted_ports["engine"] or if_free(last.get("engine", 0))
        self.engine = Engine(
            port=port,
            data_dir=self._state.data,
            log_file=self._state.logs / "engine.log",
            held_open=self._state.lock_descriptors,
        )
        undo.callback(self.engine.stop)
        self.engine.start()

    def _deploy(self) -> Stack:
        template = package(self._project / "template.yaml")
        parameters = {**local_parameters(self._project), **self._parameters}
        deploy(self.clients, STACK_NAME, template, parameters)
        return DeployedStack(self.clients, STACK_NAME, template.sources).read()

    def _start_pools(self, undo: contextlib.ExitStack) -> None:
        environment = client_environment(self._functions_endpoint_url or self.engine.url)
        self._pools = {
            name: FunctionPool(
                function,
                client=environment,
                log_dir=self._state.logs,
                concurrency=self._concurrency,
                after=self._nudge_streams,
            )
            for name, function in self.stack.functions.items()
        }
        for pool in self._pools.values():
            undo.callback(pool.close)
        with ThreadPoolExecutor(max(1, len(self._pools))) as executor:
            list(executor.map(FunctionPool.warm, self._pools.values()))

    def _start_gateway(self, undo: contextlib.ExitStack) -> HttpGateway:
        gateway = HttpGateway(
            self.stack.routes,
            lambda function, event, request_id: self._pools[function].invoke(event, request_id),
            api_id=self.physical_id("HttpApi") or "local",
            cors=self.stack.cors,
            port=self._wanted_ports["api"] or if_free(self._state.ports().get("api", 0)),
        )
        undo.callback(gateway.stop)
        gateway.start()
        self._state.remember_ports(
            {"engine": self.engine.port, "api": int(gateway.url.rsplit(":", 1)[1])}
        )
        return gateway

    def _start_event_sources(self, undo: contextlib.ExitStack) -> None:
        self._streams = tuple(self._stream_poller(stream) for stream in self.stack.streams)
        sources: list[EventSource] = [*self._streams]
        sources += [self._queue_poller(queue) for queue in self.stack.queues]
        for schedule in self.stack.schedules:
            sources += self._schedule_runner(schedule)
        undo.callback(_stop, sources)
        for source in sources:
            source.start()

    def _nudge_streams(self) -> None:
        for stream in self._streams:
            stream.nudge()

    def _queue_poller(self, mapping: QueueMapping) -> QueuePoller:
        pool = self._pools[mapping.function]
        return QueuePoller(mapping, pool.invoke, self._calls, concurrency=pool.concurrency)

    def _stream_poller(self, mapping: StreamMapping) -> StreamPoller:
        pool = self._pools[mapping.function]
        return StreamPoller(
            mapping,
            pool.invoke,
            self._calls,
            function_arn=pool.function.arn,
            engine=self.engine.generation,
            checkpoints=CheckpointFile(self._state.checkpoints / f"{mapping.mapping_id}.json"),
            send_failure=self._send_failure,
        )

    def _schedule_runner(self, schedule: Schedule) -> list[ScheduleRunner]:
        period = interval_seconds(schedule.expression)
        if period is None:
            logger.warning("%s: %s does not run locally", schedule.name, schedule.expression)
            return []
        return [ScheduleRunner(schedule, self._pools[schedule.function].invoke, period)]

    def _send_failure(self, queue_arn: str, body: str) -> None:
        sqs = self.clients.of("sqs")
        queue_url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    def _describe(self, api_url: str) -> Description:
        return Description(
            endpoint_url=self.engine.url,
            region=REGION,
            api_url=api_url,
            command_queue_url=self.physical_id("CommandQueue"),
            work_queue_url=self.physical_id("WorkQueue"),
            reject_queue_url=self.physical_id("RejectQueue"),
            table_name=self.physical_id("LedgerTable"),
            event_bus_name=self.physical_id("EventBus"),
            stream_arn=self.stack.streams[0].stream_arn if self.stack.streams else "",
        )


def if_free(port: int) -> int:
    """The port if it is free, else 0, which means any free one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
    return port


def _stop(sources: list[EventSource]) -> None:
    """Stop them all at once; invocations still running at the deadline end with their process."""
    for source in sources:
        source.halt()
    deadline = time.monotonic() + DRAIN_SECONDS
    for source in sources:
        source.join(deadline)
