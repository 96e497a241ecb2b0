"""Checks credentials, the stack's state, and whether the API answers in the right version."""

import shlex
from collections.abc import Callable
from typing import Final

from forgeledger import __version__
from forgeledger.cli.doctor.findings import Findings, Section, Target
from forgeledger.cli.error_messages import explain
from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.errors import ApiError

_KEYS_UNREADABLE: Final = "api_keys_unreadable"
_WRONG_KEY: Final = "unauthorized"
_SET_KEY: Final = (
    "set FORGELEDGER_API_KEY to a key that the SSM parameter of the stack's ApiKeyParameter holds"
)
_UNKNOWN: Final = "API_KEY_PARAMETER"
# By AWS's error code in the `detail` of the API's answer.
_ADVICE: Final = {
    "(ParameterNotFound)": "put the keys there, one a line{hint}: {put_parameter}",
    "(AccessDenied": "let the API's role read the parameter {name}{hint}: ssm:GetParameter, and "
    "kms:Decrypt if a key of your own encrypts it",
    "": "look at the parameter {name}{hint}: its name, version and key",
}


def check_credentials(target: Target) -> Findings:
    section = Section("credentials")
    if target.is_local:
        yield section.ok("none are needed; the local engine checks no permissions")
        return
    yield section.ok(target.client("sts").get_caller_identity()["Arn"])


def check_stack(target: Target) -> Findings:
    section = Section("stack")
    name = target.deployment.stack
    if name is None:
        yield section.unknown("not named, so only given addresses are checked", "give --stack")
        return
    stack = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        yield section.warning(f"{name} is {status}", "wait until it is done, then check again")
    elif "FAILED" in status or "ROLLBACK" in status:
        why = stack.get("StackStatusReason", "")
        yield section.wrong(f"{name} is {status} {why}".rstrip(), "look at the stack's events")
    else:
        yield section.ok(f"{name} is {status}")


def check_api(target: Target, api: Callable[[], ApiClient]) -> Findings:
    section = Section("API")
    version = str(api().get("health").get("version", "unknown"))
    if version.split(".")[:2] == __version__.split(".")[:2]:
        yield section.ok(f"answers, version {version}")
    else:
        yield section.warning(
            f"its version is {version}, and this program's is {__version__}",
            "deploy or install the same version on both sides",
        )
    # `GET /health` needs no key; this request needs one if the deployment has keys.
    try:
        api().get("jobs", limit=1)
    except ApiError as error:
        explained = explain(error)
        if explained is None or error.problem.code not in {_KEYS_UNREADABLE, _WRONG_KEY}:
            raise
        is_wrong = error.problem.code == _WRONG_KEY
        advice = _SET_KEY if is_wrong else _key_advice(target, error.problem.detail)
        yield section.wrong(explained[0], advice)
        return
    yield section.ok("jobs can be listed, so the key is right and the API can read the table")


def _key_advice(target: Target, detail: str) -> str:
    name, endpoint_url = _key_parameter(target), target.deployment.endpoints.aws_endpoint_url
    command = ["aws", "ssm", "put-parameter", "--name", name, "--type", "SecureString"]
    command += ["--value", "KEY", *(("--endpoint-url", endpoint_url) if endpoint_url else ())]
    hint = f" ({name} is the stack's parameter ApiKeyParameter)" if name == _UNKNOWN else ""
    advice = next(text for code, text in _ADVICE.items() if code in detail)
    return advice.format(name=name, hint=hint, put_parameter=shlex.join(command))


def _key_parameter(target: Target) -> str:
    """The parameter that the API's function reads, if these credentials may see its settings."""
    name = target.resource("ApiFunction")
    if name is None:
        return _UNKNOWN
    try:
        function = target.client("lambda").get_function_configuration(FunctionName=name)
    except Exception as error:
        if explain(error) is None:
            raise
        return _UNKNOWN
    variables = function.get("Environment", {}).get("Variables", {})
    return str(variables.get("FORGELEDGER_API_KEY_PARAMETER") or _UNKNOWN)
