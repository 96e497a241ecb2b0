"""The reference worker's function, invoked as Lambda does."""

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from forgeledger.sdk.errors import ConfigurationError, InvalidSettingError
from tests.support.deployed_template import ROOT
from tests.support.running_worker import dispatched, dispatched_batch

FOLDER = ROOT / "functions" / "worker"
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/1/commands.fifo"


@pytest.fixture
def function(monkeypatch, kinds, reporter):
    """The function with these variables, reporting to a queue in memory."""

    def load(**variables):
        monkeypatch.delenv("FORGELEDGER_COMMAND_QUEUE_URL", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("reference_worker", FOLDER / "app.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.reporter = reporter
        return module

    return load


@pytest.fixture
def simulating(function, monkeypatch):
    monkeypatch.setenv("SIMULATED_SPEED", "10000")
    sys.modules.pop("simulated_kinds", None)
    return function(FORGELEDGER_COMMAND_QUEUE_URL=QUEUE_URL, FORGELEDGER_HANDLERS="simulated_kinds")


def event_of(*bodies):
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:work",
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_each_item_ends_as_its_kind_says_and_no_record_of_the_ledger_comes_again(simulating, queue):
    kinds = ["SUCCESS_FAST", "FAIL_IMMEDIATE", "RETRY_ON_FAIL", "CANCEL_BEFORE_START"]
    single = [dispatched(f"item-{n}", kind=kind) for n, kind in enumerate(kinds)]
    items = [{"itemId": f"item-{n}", "kind": "CPU_BURST", "attempt": 1} for n in (4, 5)]

    answer = simulating.handler(event_of(*single, dispatched_batch(items=items)), None)

    assert answer == {"batchItemFailures": []}
    ends = {item: kind for kind, item in queue.reported() if kind != "claim"}
    assert [ends[f"item-{n}"] for n in range(6)] == [
        "complete",
        "fail",
        "fail",
        "cancel",
        "complete",
        "complete",
    ]


def test_the_record_of_a_kind_that_the_module_does_not_have_comes_again(simulating, queue):
    answer = simulating.handler(event_of(dispatched("a", kind="MINE"), dispatched("b")), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert queue.commands == []


def test_handlers_are_those_of_the_module_that_the_environment_names(function, monkeypatch, queue):
    mine = ModuleType("my_handlers")
    mine.HANDLERS = {"square": lambda item: item.payload**2}
    monkeypatch.setitem(sys.modules, "my_handlers", mine)
    app = function(FORGELEDGER_COMMAND_QUEUE_URL=QUEUE_URL, FORGELEDGER_HANDLERS="my_handlers")

    app.handler(event_of(dispatched("a", kind="square", payload=3)), None)

    assert queue.commands[-1]["result"] == 9


def test_without_a_command_queue_it_does_not_start(function):
    with pytest.raises(ConfigurationError, match="FORGELEDGER_COMMAND_QUEUE_URL"):
        function(FORGELEDGER_HANDLERS="simulated_kinds")


def test_with_a_module_that_handles_nothing_it_does_not_start(function, monkeypatch):
    empty = ModuleType("my_handlers")
    empty.HANDLERS = {}
    monkeypatch.setitem(sys.modules, "my_handlers", empty)

    with pytest.raises(InvalidSettingError, match="handlers: is empty"):
        function(FORGELEDGER_COMMAND_QUEUE_URL=QUEUE_URL, FORGELEDGER_HANDLERS="my_handlers")
