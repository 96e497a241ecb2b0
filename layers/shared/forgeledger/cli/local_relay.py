"""Runs the relay for the local cloud in a process of this command, from the source tree."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forgeledger.cli import exit_codes
from forgeledger.cli.deployment import LOCAL_STACK, Deployment
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.relay_client import Invoke


@contextmanager
def local_invoke(deployment: Deployment, logs: Path) -> Iterator[Invoke]:
    """The engine's own Lambda is not used: it runs handlers differently from AWS."""
    from forgeledger.local.clients import Clients
    from forgeledger.local.engine import client_environment
    from forgeledger.local.function_pool import FunctionPool
    from forgeledger.local.function_process import InvocationFailed
    from forgeledger.local.stack_reader import DeployedStack
    from forgeledger.local.state_dir import find_project
    from forgeledger.local.template import package

    endpoint = deployment.endpoints.aws_endpoint_url or ""
    sources = package(find_project() / "template.yaml").sources
    stack = DeployedStack(Clients(endpoint), LOCAL_STACK, sources).read()
    pool = FunctionPool(
        stack.functions[deployment.relay_function or "RelayFunction"],
        client=client_environment(endpoint),
        log_dir=logs,
        concurrency=1,
    )

    def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = pool.invoke(dict(event))
        except InvocationFailed as failure:
            missing = failure.kind == "JobNotFound"
            code = exit_codes.NOT_FOUND if missing else exit_codes.UNREACHABLE
            raise CliError(str(failure), code) from failure
        return answer

    try:
        yield invoke
    finally:
        pool.close()
