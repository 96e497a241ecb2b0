"""The main module of a function's process, run in this process."""

import io
import sys

import pytest

from forgeledger.local import frames, function_main
from forgeledger.local.lambda_context import LambdaContext

VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "s",
}
REQUEST = {"event": {"x": 1}, "requestId": "r", "deadlineMs": 0, "functionArn": "arn:f"}


@pytest.fixture(autouse=True)
def lambda_variables(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def answer(handler):
    return frames.read(io.BytesIO(function_main.answer(handler, REQUEST)))


def test_an_answer_carries_the_response():
    assert answer(lambda event, context: event) == {"response": {"x": 1}}


def test_an_answer_carries_the_exception():
    def handler(event, context):
        raise KeyError("x")

    error = answer(handler)["error"]

    assert error["errorType"] == "KeyError"
    assert error["stackTrace"]


def test_an_answer_that_is_not_json_is_an_error():
    assert answer(lambda event, context: object())["error"]["errorType"] == "Runtime.MarshalError"


def test_time_that_is_over_is_none_left():
    context = LambdaContext.of_invocation(request_id="r", deadline_ms=0, arn="a")

    assert context.get_remaining_time_in_millis() == 0


def test_a_handler_in_a_package_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    package = tmp_path / "pack_of_handlers"
    package.mkdir()
    (package / "one.py").write_text("def run(event, context): return 'done'")

    handler = function_main.load_handler("pack_of_handlers/one.run", str(tmp_path))

    assert handler({}, None) == "done"


class Ended(Exception):
    """Stands for the end of the process."""


class Answers(io.BytesIO):
    """Ends the loop after as many answers as there are requests."""

    def __init__(self, wanted):
        super().__init__()
        self.wanted = wanted

    def flush(self):
        self.wanted -= 1
        if not self.wanted:
            raise Ended


def test_requests_are_answered_in_turn(monkeypatch):
    monkeypatch.setattr("os._exit", lambda code: None)
    requests = io.BytesIO(frames.encode(REQUEST) + frames.encode(REQUEST))
    answers = Answers(2)

    with pytest.raises(Ended):
        function_main.serve(lambda event, context: event, requests, answers)

    answers.seek(0)
    assert [frames.read(answers) for _ in range(2)] == [{"response": {"x": 1}}] * 2
