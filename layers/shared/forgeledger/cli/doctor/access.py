"""Who asks, whether the stack and the API answer, and which version they are."""

import shlex
from collections.abc import Callable
from typing import Final

from forgeledger import __version__
from forgeledger.cli.doctor.findings import Findings, Section, Target
from forgeledger.cli.error_messages import explain
from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.errors import ApiError

_KEYS_UNREADABLE: Final = "api_keys_unreadable"
# In what the API tells of it, where putting the keys there is all that is to be done.
_MISSING: Final = "(ParameterNotFound)"
_DENIED: Final = "(AccessDenied"
_UNKNOWN: Final = "API_KEY_PARAMETER"


def check_credentials(patient: Target) -> Findings:
    part = Section("credentials")
    if patient.deployment.is_local:
        yield part.ok("none are needed; the local engine checks no permissions")
        return
    told = patient.client("sts").get_caller_identity()
    yield part.ok(told["Arn"])


def check_stack(patient: Target) -> Findings:
    part = Section("stack")
    name = patient.deployment.stack
    if name is None:
        yield part.unknown("not named, so only what has an address is examined", "give --stack")
        return
    stack = patient.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        yield part.warning(f"{name} is {status}", "wait until it is done, then ask again")
    elif "FAILED" in status or "ROLLBACK" in status:
        why = stack.get("StackStatusReason", "")
        yield part.wrong(f"{name} is {status} {why}".rstrip(), "look at the stack's events")
    else:
        yield part.ok(f"{name} is {status}")


def check_api(patient: Target, api: Callable[[], ApiClient]) -> Findings:
    part = Section("API")
    version = str(api().get("health").get("version", "unknown"))
    if version.split(".")[:2] == __version__.split(".")[:2]:
        yield part.ok(f"answers, version {version}")
    else:
        yield part.warning(
            f"its version is {version}, and this program's {__version__}",
            "deploy or install the same version on both sides",
        )
    # Health answers everybody; this one asks for the key, if there is one.
    try:
        api().get("jobs", limit=1)
    except ApiError as error:
        known = explain(error)
        if error.problem.code != _KEYS_UNREADABLE or known is None:
            raise
        yield part.wrong(known[0], _way_out_of(error.problem.detail)(patient))
        return
    yield part.ok("jobs can be listed, so the key is right and the API can read the table")


def _way_out_of(detail: str) -> Callable[[Target], str]:
    if _MISSING in detail:
        return _how_to_put_keys
    return _how_to_let if _DENIED in detail else _what_to_look_at


def _what_to_look_at(patient: Target) -> str:
    name = _parameter(patient)
    return f"look at the parameter {name}{_where_it_stands(name)}: its name, version and key"


def _how_to_put_keys(patient: Target) -> str:
    at, name = patient.deployment.aws_endpoint_url, _parameter(patient)
    words = ["aws", "ssm", "put-parameter", "--name", name, "--type", "SecureString"]
    words += ["--value", "KEY", *(("--endpoint-url", at) if at else ())]
    return f"put the keys there, one a line{_where_it_stands(name)}: {shlex.join(words)}"


def _how_to_let(patient: Target) -> str:
    name = _parameter(patient)
    policy = "ssm:GetParameter, and kms:Decrypt if a key of your own encrypts it"
    return f"let the API's role read the parameter {name}{_where_it_stands(name)}: {policy}"


def _where_it_stands(name: str) -> str:
    return f" ({name} is the stack's parameter ApiKeyParameter)" if name == _UNKNOWN else ""


def _parameter(patient: Target) -> str:
    """The one that the API's function was told of, where these credentials may look at it."""
    name = patient.resource("ApiFunction")
    if name is None:
        return _UNKNOWN
    try:
        told = patient.client("lambda").get_function_configuration(FunctionName=name)
    except Exception as error:
        if explain(error) is None:
            raise
        return _UNKNOWN
    variables = told.get("Environment", {}).get("Variables", {})
    return str(variables.get("FORGELEDGER_API_KEY_PARAMETER") or _UNKNOWN)
