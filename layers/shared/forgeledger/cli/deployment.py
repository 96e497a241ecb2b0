"""Find the deployment that a command speaks to: by options, environment, stack or local cloud."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError, WrongValue

if TYPE_CHECKING:
    from forgeledger.sdk.endpoints import Endpoints

_PREFIX: Final = "FORGELEDGER_"
LOCAL: Final = f"{_PREFIX}LOCAL"
API_URL: Final = f"{_PREFIX}API_URL"
API_KEY: Final = f"{_PREFIX}API_KEY"
COMMAND_QUEUE_URL: Final = f"{_PREFIX}COMMAND_QUEUE_URL"
REJECT_QUEUE_URL: Final = f"{_PREFIX}REJECT_QUEUE_URL"
RELAY_FUNCTION: Final = f"{_PREFIX}RELAY_FUNCTION"
# The name of the stack that the local cloud deploys on its engine.
LOCAL_STACK: Final = "forgeledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The options of the command line that name a deployment; the last two fields are no options.

    local_source: the option or variable that asked for the local cloud.
    is_complete: whether every address that the command needs was given by an option.
    """

    local: Annotated[
        bool,
        typer.Option("--local", envvar=LOCAL, help="Speak to the local cloud."),
    ] = False
    stack: Annotated[
        str | None,
        typer.Option(envvar="FORGELEDGER_STACK", help="Speak to this CloudFormation stack."),
    ] = None
    api_url: Annotated[
        str | None, typer.Option(help="Address of the HTTP API, else FORGELEDGER_API_URL.")
    ] = None
    command_queue_url: Annotated[
        str | None,
        typer.Option(help="Address of the command queue, else FORGELEDGER_COMMAND_QUEUE_URL."),
    ] = None
    reject_queue_url: Annotated[
        str | None,
        typer.Option(help="Address of the reject queue, else FORGELEDGER_REJECT_QUEUE_URL."),
    ] = None
    relay_function: Annotated[
        str | None,
        typer.Option(help="Name of the relay function, else FORGELEDGER_RELAY_FUNCTION."),
    ] = None
    local_source: str = "--local"
    is_complete: bool = False

    def as_options(self, *addresses: str) -> str:
        """The same options for a suggested command, which takes only these addresses."""
        words = ["--local"] if self.local else []
        for name in ("stack", *addresses):
            if value := getattr(self, name):
                words += ["--" + name.replace("_", "-"), shlex.quote(value)]
        return "".join(f" {word}" for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Addresses of one deployment; None where none was given."""

    endpoints: "Endpoints"
    reject_queue_url: str | None = None
    relay_function: str | None = None
    stack: str | None = None
    # Physical names by their logical id in the template, as far as they are known.
    resources: Mapping[str, str] = field(default_factory=dict)


ClientOf = Callable[[str, "Endpoints"], Any]


def needed(variable: str, value: str | None) -> str:
    """The value, or WrongValue with the ways to give it."""
    if not value:
        option = "--" + variable.removeprefix(_PREFIX).lower().replace("_", "-")
        raise WrongValue(variable, f"not known; set it, or give {option}, --stack or --local")
    return value


def find_deployment(where: Where, environ: Mapping[str, str], client_of: ClientOf) -> Deployment:
    """Single addresses go first, then --local or --stack, then the environment."""
    if where.local and where.stack:
        variables = f"{_PREFIX}STACK and {LOCAL} count as well"
        raise WrongValue("--stack", f"cannot be given together with --local ({variables})")
    deployment = _local(where, environ) if where.local else _from_environment(environ)
    if where.stack:
        deployment = _from_stack(where.stack, deployment, client_of)
    endpoints = deployment.endpoints
    return replace(
        deployment,
        endpoints=replace(
            endpoints,
            api_url=_web_address("--api-url", where.api_url)
            or _web_address(API_URL, endpoints.api_url),
            command_queue_url=_web_address("--command-queue-url", where.command_queue_url)
            or endpoints.command_queue_url,
        ),
        reject_queue_url=where.reject_queue_url or deployment.reject_queue_url,
        relay_function=where.relay_function or deployment.relay_function,
    )


def _web_address(source: str, url: str | None) -> str | None:
    if url:
        from forgeledger.web.address import why_no_web_address

        if why := why_no_web_address(url):
            raise WrongValue(source, why)
    return url


def _from_environment(environ: Mapping[str, str]) -> Deployment:
    from forgeledger.sdk.endpoints import Endpoints

    return Deployment(
        # The region is left to boto3, which reads it from profiles as well.
        endpoints=replace(Endpoints.from_environment(environ), region=None),
        reject_queue_url=environ.get(REJECT_QUEUE_URL) or None,
        relay_function=environ.get(RELAY_FUNCTION) or None,
    )


def _local(where: Where, environ: Mapping[str, str]) -> Deployment:
    from forgeledger.cli.local_state import local_state
    from forgeledger.sdk.endpoints import Endpoints

    description = local_state(environ).description()
    if description is None and where.is_complete:
        # Nothing of the local cloud is needed, and the options go before it anyway.
        return _from_environment(environ)
    if description is None:
        raise CliError(
            f"{where.local_source}: the local cloud is down; start it with `forgeledger local up`",
            exit_codes.UNREACHABLE,
        )
    return Deployment(
        # A local cloud that was started with ApiKeyParameter asks for a key as well.
        endpoints=Endpoints.of_local(description, api_key=environ.get(API_KEY)),
        reject_queue_url=description.reject_queue_url,
        relay_function="RelayFunction",
        stack=LOCAL_STACK,
        resources={
            "CommandQueue": description.command_queue_url,
            "RejectQueue": description.reject_queue_url,
            "LedgerTable": description.table_name,
            "EventBus": description.event_bus_name,
        },
    )


def resources_of(stack: str, client: Any) -> dict[str, str]:
    """The physical names of a stack's resources by their logical ids."""
    resources = client.describe_stack_resources(StackName=stack)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for resource in resources
    }


def _from_stack(stack: str, base: Deployment, client_of: ClientOf) -> Deployment:
    """The API's address is an output of the stack, the other addresses are its resources."""
    client = client_of("cloudformation", base.endpoints)
    try:
        outputs = client.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        names = resources_of(stack, client)
    except Exception as error:
        # Imported with botocore, and so only where it is needed anyway.
        from forgeledger.aws.errors import code_of

        if code_of(error) != "ValidationError":
            raise
        message = getattr(error, "response", {})["Error"].get("Message", stack)
        raise WrongValue("--stack", message, exit_codes.NOT_FOUND) from error
    by_output = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    return replace(
        base,
        endpoints=replace(
            base.endpoints,
            api_url=by_output.get("ApiUrl"),
            command_queue_url=names.get("CommandQueue"),
        ),
        reject_queue_url=names.get("RejectQueue"),
        relay_function=names.get("RelayFunction"),
        stack=stack,
        resources=names,
    )
