"""Turns an error into one line for the user and an exit code."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from forgeledger.cli import exit_codes
from forgeledger.errors import ForgeLedgerError

_EXTRA_OF_MODULE = {
    "ministack": "local",
    "samtranslator": "local",
    "yaml": "local",
    "pydantic": "local",
    "pydantic_core": "cli",
    "aws_lambda_powertools": "local",
    "rich": "cli",
    "typer": "cli",
}
_WHAT_NEEDS = {"cli": "the command line needs", "local": "the local cloud and the demo need"}
_NOT_FOUND_CODES = ("NonExistentQueue", "QueueDoesNotExist", "ResourceNotFound", "NotFound")
_REFUSED_CODES = ("AccessDenied", "UnrecognizedClient", "InvalidClientTokenId", "Unauthorized")


class CliError(ForgeLedgerError):
    """An error of the command line itself; its message is the line that is printed."""

    def __init__(
        self, message: str, exit_code: int = exit_codes.USAGE, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code


class WrongValue(CliError):
    """A value that breaks a rule: the option or field, and the rule."""

    def __init__(self, field: str, rule: str, exit_code: int = exit_codes.USAGE) -> None:
        super().__init__(f"{field}: {rule}", exit_code)
        self.field = field
        self.rule = rule


class LedgerRefusal(CliError):
    """What the ledger would answer: the same code, wording and exit code as if it was asked."""

    def __init__(self, code: str, detail: str, exit_code: int) -> None:
        super().__init__(f"{code}: {detail}", exit_code, code)


class NoSuchJob(LedgerRefusal):
    def __init__(self, job_id: str, position: str = "") -> None:
        """`position` is where in a file the id stands."""
        detail = f"There is no job {job_id}."
        super().__init__("unknown_job", detail, exit_codes.NOT_FOUND)
        if position:
            self.field, self.rule = position, detail
            self.args = (f"{position}: {self}",)


class Interrupted(CliError):
    """Ctrl-C, with notes on what the command had done by then."""

    def __init__(self, notes: Sequence[str]) -> None:
        super().__init__("; ".join(("interrupted", *notes)), exit_codes.INTERRUPTED)


def explain(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code; None for a fault of this program."""
    explained = _explain(error)
    if explained is None:
        return None
    line, code = explained
    return "; ".join((line, *getattr(error, "__notes__", ()))), code


def _explain(error: Exception) -> tuple[str, int] | None:
    if isinstance(error, CliError):
        return str(error), error.exit_code
    if isinstance(error, ForgeLedgerError):
        return _explain_ours(error)
    if isinstance(error, ModuleNotFoundError):
        extra = _EXTRA_OF_MODULE.get((error.name or "").partition(".")[0])
        if extra:
            line = f"{_WHAT_NEEDS[extra]} the extra `{extra}`, or `all`: {_installation('all')}"
            return f"{line} ({error.name} is missing)", exit_codes.USAGE
        return None
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {os_error_text(error)}", exit_codes.USAGE
    return _explain_aws(error)


def os_error_text(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()


def _installation(extra: str) -> str:
    """The command that adds an extra: from the folder or wheel that the package came from."""
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(distribution("forgeledger").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        origin = {}
    url = urlsplit(origin.get("url", ""))
    source = unquote(url.path) if url.scheme == "file" else "forgeledger"
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}'{source}[{extra}]'"


def _explain_ours(error: ForgeLedgerError) -> tuple[str, int]:
    # An error of the SDK means that the SDK is loaded; importing it for other errors is slow.
    sdk: Any = sys.modules.get("forgeledger.sdk.errors")
    if sdk is None or not isinstance(error, sdk.SdkError):
        return str(error), exit_codes.UNREACHABLE
    cause = error.__cause__
    if isinstance(error, sdk.RegistrationStoppedError) and isinstance(cause, sdk.SdkError):
        line, code = _explain_ours(cause)
        # Nothing is registered: the mistake is that of any other command.
        return (f"{error.args[0]}: {line}" if error.registration.sent else line), code
    if isinstance(error, sdk.EmptySealError):
        return f"--seal: {error.why}; --allow-empty permits that", exit_codes.USAGE
    if isinstance(error, sdk.ApiError):
        return _explain_api(error, sdk)
    if isinstance(error, sdk.NoAnswerError):
        return f"no answer from {error.url}: {error.why}", exit_codes.UNREACHABLE
    if isinstance(error, (sdk.UndeliveredError, sdk.BufferFullError)):
        return str(error), exit_codes.UNREACHABLE
    return str(error), exit_codes.USAGE


def _explain_api(error: Any, sdk: Any) -> tuple[str, int]:
    problem = error.problem
    if isinstance(error, sdk.InvalidRequestError):
        fields = "; ".join(f"{wrong.field}: {wrong.message}" for wrong in problem.errors)
        return fields or problem.detail or problem.code, exit_codes.USAGE
    line = f"{problem.code}: {problem.detail}" if problem.detail else problem.code
    if isinstance(error, sdk.NotFoundError):
        return line, exit_codes.NOT_FOUND
    if isinstance(error, sdk.AccessRefusedError):
        return f"{line} (the API key is read from FORGELEDGER_API_KEY)", exit_codes.REFUSED
    if isinstance(error, sdk.ConflictError):
        return line, exit_codes.REFUSED
    return f"{problem.status} {line}", exit_codes.UNREACHABLE


def _explain_aws(error: Exception) -> tuple[str, int] | None:
    botocore: Any = sys.modules.get("botocore.exceptions")
    if botocore is None:
        return None
    if isinstance(error, botocore.ClientError):
        details = error.response.get("Error", {})
        code = str(details.get("Code", "unknown"))
        message = details.get("Message", "")
        line = f"{error.operation_name}: {code}: {message}".rstrip(": ")
        if any(part in code for part in _REFUSED_CODES):
            return line, exit_codes.REFUSED
        missing = any(part in code for part in _NOT_FOUND_CODES)
        return line, exit_codes.NOT_FOUND if missing else exit_codes.UNREACHABLE
    if isinstance(error, botocore.BotoCoreError):
        return f"AWS: {error}".replace("\n", " "), exit_codes.UNREACHABLE
    return None
