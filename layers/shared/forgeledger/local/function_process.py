"""A process that runs a function: started, invoked, and killed at the function's timeout."""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from forgeledger.errors import ForgeLedgerError
from forgeledger.local import frames
from forgeledger.local.stack import Function

EXIT_SECONDS: Final = 2.0
# Settings that only the local cloud gives. The engine answers one request after the other, so a
# function makes few at once.
LOCAL_SETTINGS: Final = {"FORGELEDGER_THREADS": "2"}
INIT_SECONDS: Final = 60.0  # 10 on AWS; a laptop that starts all functions at once is slower.


class InvocationFailed(ForgeLedgerError):
    """The function failed, crashed or timed out; `kind` is Lambda's error type."""

    def __init__(
        self, kind: str, message: str, request_id: str, trace: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.request_id = request_id
        self.trace = trace


def function_environment(
    function: Function, base: Mapping[str, str], client: Mapping[str, str]
) -> dict[str, str]:
    """A handler's environment: Lambda's variables, then the template's."""
    environment = {k: v for k, v in base.items() if not k.startswith(("AWS_", "FORGELEDGER_"))}
    environment.update(
        client,
        AWS_LAMBDA_FUNCTION_NAME=function.name,
        AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(function.memory_mb),
        AWS_LAMBDA_LOG_GROUP_NAME=f"/aws/lambda/{function.name}",
        AWS_LAMBDA_LOG_STREAM_NAME=f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
        AWS_LAMBDA_INITIALIZATION_TYPE="on-demand",
        LAMBDA_TASK_ROOT=str(function.source),
        _HANDLER=function.handler,
        TZ=":UTC",
        PYTHONUNBUFFERED="1",
        **LOCAL_SETTINGS,
    )
    environment.update(function.environment)
    return environment


class FunctionProcess:
    """Runs one function, one invocation at a time."""

    def __init__(self, function: Function, environment: Mapping[str, str], log_file: Path) -> None:
        self._function = function
        self._ready = False
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "forgeledger.local.function_main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(environment),
                bufsize=0,
                start_new_session=True,  # Ctrl-C reaches only the owner.
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers = frames.TimedReader(self._process.stdout)  # type: ignore[arg-type]  # A pipe was asked for.

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the handler is imported, which does not count towards its timeout."""
        if self._ready:
            return
        greeting = self._reply(time.monotonic() + INIT_SECONDS, "init", INIT_SECONDS)
        if "error" in greeting:
            self.end()
            raise _failure(greeting["error"], "init")
        self._ready = True

    def invoke(self, event: Any, request_id: str) -> Any:
        """The handler's response, or `InvocationFailed`, after which the process may be dead."""
        self.wait_until_ready()
        limit = self._function.timeout_seconds
        request = {
            "event": event,
            "requestId": request_id,
            "functionArn": self._function.arn,
            "deadlineMs": int((time.time() + limit) * 1000),
        }
        with contextlib.suppress(BrokenPipeError):  # The missing reply is reported below.
            _write_all(self._requests.fileno(), frames.encode(request))
        reply = self._reply(time.monotonic() + limit, request_id, limit)
        if "error" in reply:
            raise _failure(reply["error"], request_id)
        return reply["response"]

    def kill(self) -> None:
        """Crash it; the thread that waits for its reply calls `end`."""
        self._process.kill()

    def end(self) -> None:
        """Kill it if it still runs, and free its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _reply(self, deadline: float, request_id: str, limit: float) -> Any:
        try:
            return self._answers.read(deadline)
        except frames.ReplyTimeout:
            self.end()
            raise InvocationFailed(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds",
                request_id,
            ) from None
        except frames.PipeClosed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(EXIT_SECONDS)  # for its own exit code
            self.end()
            code = self._process.returncode
            how = f"signal: {-code}" if code < 0 else f"exit status {code}"
            raise InvocationFailed(
                "Runtime.ExitError",
                f"RequestId: {request_id} Error: Runtime exited with error: {how}",
                request_id,
            ) from None


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _failure(error: Mapping[str, Any], request_id: str) -> InvocationFailed:
    return InvocationFailed(
        error["errorType"],
        error["errorMessage"],
        request_id,
        tuple(error.get("stackTrace", ())),
    )
