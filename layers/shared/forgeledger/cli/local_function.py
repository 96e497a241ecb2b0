"""Runs one of the local cloud's functions in a process of this command, from the source tree."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forgeledger.cli import exit_codes
from forgeledger.cli.deployment import LOCAL_STACK, Deployment
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.relay_client import Invoke, relay_failure


@contextmanager
def local_function(deployment: Deployment, name: str, logs: Path) -> Iterator[Callable[[Any], Any]]:
    """The engine's own Lambda is not used: it runs handlers differently from AWS."""
    from forgeledger.local.clients import Clients
    from forgeledger.local.engine import client_environment
    from forgeledger.local.function_pool import FunctionPool
    from forgeledger.local.stack_reader import DeployedStack
    from forgeledger.local.state_dir import find_project
    from forgeledger.local.template import package

    endpoint = deployment.endpoints.aws_endpoint_url or ""
    sources = package(find_project() / "template.yaml").sources
    functions = DeployedStack(Clients(endpoint), LOCAL_STACK, sources).read().functions
    if name not in functions:
        raise CliError(
            f"{name}: no such function; there are {', '.join(sorted(functions))}",
            exit_codes.NOT_FOUND,
        )
    client = client_environment(endpoint)
    pool = FunctionPool(functions[name], client=client, log_dir=logs, concurrency=1)
    try:
        yield pool.invoke
    finally:
        pool.close()


@contextmanager
def local_relay(deployment: Deployment, logs: Path) -> Iterator[Invoke]:
    from forgeledger.local.function_process import InvocationFailed

    name = deployment.relay_function or "RelayFunction"
    with local_function(deployment, name, logs) as relay:

        def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
            try:
                answer: Mapping[str, Any] = relay(dict(event))
            except InvocationFailed as failure:
                raise relay_failure(failure.kind, failure.message) from failure
            return answer

        yield invoke
