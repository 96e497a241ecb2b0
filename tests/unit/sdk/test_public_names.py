"""The public names, pinned: adding or removing one is a decision."""

import subprocess
import sys
from importlib import import_module

from forgeledger import sdk
from forgeledger.errors import ForgeLedgerError
from forgeledger.sdk import errors

NAMES = (
    "AccessRefusedError ApiError Backoff BufferFullError ConfigurationError ConflictError Delivery "
    "Endpoints Event Failure InvalidCommandError InvalidItemError InvalidRequestError "
    "InvalidSettingError Item ItemWork Job Ledger NoAnswerError NotFoundError OutboxLimits "
    "Page PermanentItemError Polling Registration RegistrationOptions RegistrationStoppedError "
    "Rejection Report Reporter SdkError "
    "UnavailableError UndeliveredError WaitTimeoutError Why Worker WorkerOptions WorkerSummary "
    "WrongAddressError handle_sqs_batch"
)


def test_the_public_names_are_these():
    assert sorted(sdk.__all__) == sorted(NAMES.split())
    assert all(getattr(sdk, name) for name in sdk.__all__)


def test_every_error_is_in_the_tree_at_the_top_of_the_file():
    defined = [
        var
        for var in vars(errors).values()
        if isinstance(var, type) and var.__module__ == errors.__name__
    ]

    assert defined
    for error in defined:
        assert issubclass(error, ForgeLedgerError)
        assert f"+-- {error.__name__}" in errors.__doc__


def test_a_worker_imports_nothing_that_only_the_functions_or_the_terminal_need():
    forbidden = ("pydantic", "aws_lambda_powertools", "typer", "rich", "forgeledger.adapters")
    script = (
        "import sys, forgeledger.sdk\n"
        f"print([name for name in {forbidden!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_every_module_of_the_sdk_says_what_it_is_for():
    for name in sdk.__all__:
        module = import_module(getattr(sdk, name).__module__)
        assert module.__doc__
