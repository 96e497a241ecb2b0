"""Runs one handler, one invocation at a time: `python -m forgeledger.local.function_main`.

It reads requests from standard input and writes answers to standard output. What the handler
prints goes to standard error, the function's log. The end of the input ends the process at once,
even during an invocation, so that it cannot outlive its owner.
"""

import importlib
import logging
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from forgeledger.local import frames
from forgeledger.local.lambda_context import LambdaContext

Handler = Callable[[Any, LambdaContext], Any]


def error_of(error: BaseException) -> dict[str, Any]:
    """Lambda's error object for an exception that a handler raised."""
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def load_handler(name: str, folder: str) -> Handler:
    """Import `module.function` with the function's folder first on the path, as Lambda does."""
    sys.path.insert(0, folder)
    module_name, _, function_name = name.rpartition(".")
    handler: Handler = getattr(
        importlib.import_module(module_name.replace("/", ".")), function_name
    )
    return handler


def answer(handler: Handler, request: dict[str, Any]) -> bytes:
    """Run one invocation and encode its answer."""
    context = LambdaContext.of_invocation(
        request_id=request["requestId"],
        deadline_ms=request["deadlineMs"],
        arn=request["functionArn"],
    )
    try:
        response = handler(request["event"], context)
    except Exception as error:  # noqa: BLE001 - any exception is the function's answer
        traceback.print_exc()
        return frames.encode({"error": error_of(error)})
    try:
        return frames.encode({"response": response})
    except (TypeError, ValueError) as error:
        marshal = {
            "errorType": "Runtime.MarshalError",
            "errorMessage": f"Unable to marshal response: {error}",
        }
        return frames.encode({"error": marshal})


def serve(handler: Handler, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends, which ends the process at once."""
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def receive() -> None:
        try:
            while True:
                waiting.put(frames.read(requests))
        except frames.PipeClosed:
            os._exit(0)

    threading.Thread(target=receive, name="requests", daemon=True).start()
    while True:
        answers.write(answer(handler, waiting.get()))
        answers.flush()


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    try:
        handler = load_handler(os.environ["_HANDLER"], os.environ["LAMBDA_TASK_ROOT"])
    except Exception as error:
        traceback.print_exc()
        frames.write(answers, {"error": error_of(error)})
        raise SystemExit(1) from error
    frames.write(answers, {"ready": True})
    # Unbuffered: a thread that holds a buffered reader's lock would abort the shutdown.
    with os.fdopen(0, "rb", buffering=0, closefd=False) as requests:
        serve(handler, requests, answers)


if __name__ == "__main__":
    main()
