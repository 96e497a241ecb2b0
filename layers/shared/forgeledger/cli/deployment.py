"""Which deployment a command speaks to: said by options, the environment, a stack, or local."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError, WrongValue

if TYPE_CHECKING:
    from forgeledger.sdk.endpoints import Endpoints

API_URL: Final = "FORGELEDGER_API_URL"
COMMAND_QUEUE_URL: Final = "FORGELEDGER_COMMAND_QUEUE_URL"
REJECT_QUEUE_URL: Final = "FORGELEDGER_REJECT_QUEUE_URL"
RELAY_FUNCTION: Final = "FORGELEDGER_RELAY_FUNCTION"
API_KEY: Final = "FORGELEDGER_API_KEY"
# What the local cloud calls the stack that it deploys on its engine.
LOCAL_STACK: Final = "forgeledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What was said on the command line."""

    local: bool = False
    stack: str | None = None
    api_url: str | None = None
    command_queue_url: str | None = None
    reject_queue_url: str | None = None
    relay_function: str | None = None

    def repeated(self, *addresses: str) -> str:
        """The same for behind another command, which has options for these addresses alone."""
        words = ["--local"] if self.local else []
        for name in ("stack", *addresses):
            if value := getattr(self, name):
                words += ["--" + name.replace("_", "-"), shlex.quote(value)]
        return "".join(f" {word}" for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Addresses of one deployment; None where nobody said one and no command needs it yet."""

    api_url: str | None = None
    api_key: str | None = None
    command_queue_url: str | None = None
    reject_queue_url: str | None = None
    relay_function: str | None = None
    stack: str | None = None
    is_local: bool = False
    aws_endpoint_url: str | None = None
    region: str | None = None
    # Physical names by their logical id in the template, as far as a stack told them.
    resources: Mapping[str, str] = field(default_factory=dict)

    def needed(self, name: str, variable: str) -> str:
        value = getattr(self, name)
        if not value:
            option = "--" + name.replace("_", "-")
            rule = f"not known; set it, give {option}, name a --stack, or say --local"
            raise WrongValue(variable, rule)
        return str(value)

    def endpoints(self) -> "Endpoints":
        """The same in the words of the worker SDK."""
        from forgeledger.sdk.endpoints import Endpoints

        return Endpoints(
            api_url=self.api_url,
            api_key=self.api_key,
            command_queue_url=self.command_queue_url,
            aws_endpoint_url=self.aws_endpoint_url,
            region=self.region,
            is_local=self.is_local,
        )


ClientOf = Callable[[str, Deployment], Any]


def find(where: Where, environ: Mapping[str, str], client_of: ClientOf) -> Deployment:
    """Options go first, then --local or --stack, and the environment where neither is given."""
    if where.local and where.stack:
        variables = "also said by FORGELEDGER_STACK and FORGELEDGER_LOCAL"
        raise WrongValue("--stack", f"cannot be given together with --local ({variables})")
    found = _local(environ) if where.local else _from_environment(environ)
    if where.stack:
        found = _from_stack(where.stack, replace(found, stack=where.stack), client_of)
    return replace(
        found,
        api_url=_web_address("--api-url", where.api_url) or _web_address(API_URL, found.api_url),
        command_queue_url=_web_address("--command-queue-url", where.command_queue_url)
        or found.command_queue_url,
        reject_queue_url=where.reject_queue_url or found.reject_queue_url,
        relay_function=where.relay_function or found.relay_function,
    )


def _web_address(said_by: str, url: str | None) -> str | None:
    if url:
        from forgeledger.web.address import why_no_web_address

        if why := why_no_web_address(url):
            raise WrongValue(said_by, why)
    return url


def _from_environment(environ: Mapping[str, str]) -> Deployment:
    return Deployment(
        api_url=environ.get(API_URL) or None,
        api_key=environ.get(API_KEY) or None,
        command_queue_url=environ.get(COMMAND_QUEUE_URL) or None,
        reject_queue_url=environ.get(REJECT_QUEUE_URL) or None,
        relay_function=environ.get(RELAY_FUNCTION) or None,
        aws_endpoint_url=_localstack_url(environ),
    )


def _localstack_url(environ: Mapping[str, str]) -> str | None:
    """boto3 reads AWS_ENDPOINT_URL by itself; localstack-client's variables only the SDK reads."""
    if not any(name.startswith("LOCALSTACK_") for name in environ):
        return None
    from forgeledger.sdk.endpoints import Endpoints

    return Endpoints.from_environment(environ).aws_endpoint_url


def _local(environ: Mapping[str, str]) -> Deployment:
    from forgeledger.cli.local_state import local_state

    description = local_state(environ).description()
    if description is None:
        raise CliError(
            "--local: the local cloud is down; start it with `forgeledger local up`",
            exit_codes.UNREACHABLE,
        )
    return Deployment(
        api_url=description.api_url,
        # A local deployment asks for one as well where it was started with ApiKeyParameter.
        api_key=environ.get(API_KEY) or None,
        command_queue_url=description.command_queue_url,
        reject_queue_url=description.reject_queue_url,
        relay_function="RelayFunction",
        stack=LOCAL_STACK,
        is_local=True,
        aws_endpoint_url=description.endpoint_url,
        region=description.region,
        resources={
            "CommandQueue": description.command_queue_url,
            "RejectQueue": description.reject_queue_url,
            "LedgerTable": description.table_name,
            "EventBus": description.event_bus_name,
        },
    )


def resources_of(stack: str, client: Any) -> dict[str, str]:
    """What the stack made: physical names by their names in the template."""
    resources = client.describe_stack_resources(StackName=stack)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for resource in resources
    }


def _from_stack(stack: str, base: Deployment, client_of: ClientOf) -> Deployment:
    """Queues and functions by their names in the template; only the API's address is an output."""
    client = client_of("cloudformation", base)
    try:
        outputs = client.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        names = resources_of(stack, client)
    except Exception as error:
        told = getattr(error, "response", {}).get("Error", {})
        if told.get("Code") != "ValidationError":
            raise
        raise CliError(f"--stack: {told.get('Message', stack)}", exit_codes.NOT_FOUND) from error
    by_output = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    return replace(
        base,
        api_url=by_output.get("ApiUrl"),
        command_queue_url=names.get("CommandQueue"),
        reject_queue_url=names.get("RejectQueue"),
        relay_function=names.get("RelayFunction"),
        resources=names,
    )
