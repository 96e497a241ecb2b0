"""Each sample event has its command in events/README.md, and each command has its event."""

import json
import re

import pytest

from tests.support.deployed_template import ROOT, properties

EVENTS = sorted(path.name for path in (ROOT / "events").glob("*.json"))
FUNCTIONS = {"api": "ApiFunction", "intake": "IntakeFunction", "relay": "RelayFunction"}
COMMAND = re.compile(
    r"^sam local invoke (\w+) --config-env local --event events/(\S+)$", re.MULTILINE
)


def test_the_readme_gives_each_event_to_its_function_once() -> None:
    commands = COMMAND.findall((ROOT / "events" / "README.md").read_text())

    assert sorted(event for _, event in commands) == EVENTS
    for function, event in commands:
        assert function == FUNCTIONS[event.partition("-")[0]]


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_used_by_a_test(name: str) -> None:
    stem = name.removesuffix(".json")
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    by_name = any(f'"{stem}"' in text for text in tests)

    # The events of the API are run all together, by their folder.
    assert by_name or stem.startswith("api-")
    assert json.loads((ROOT / "events" / name).read_text())


@pytest.mark.parametrize("name", ["relay-fact.json", "relay-head-moved.json"])
def test_a_record_of_the_stream_has_keys_alone_as_the_template_says(name: str) -> None:
    view = properties("LedgerTable")["StreamSpecification"]["StreamViewType"]

    for record in json.loads((ROOT / "events" / name).read_text())["Records"]:
        assert record["dynamodb"]["StreamViewType"] == view
        assert not {"NewImage", "OldImage"} & set(record["dynamodb"])


def test_no_key_of_a_sample_is_that_of_another_request() -> None:
    headers = [
        json.loads((ROOT / "events" / name).read_text()).get("headers", {}) for name in EVENTS
    ]
    keys = [sent["idempotency-key"] for sent in headers if "idempotency-key" in sent]
    pages = [path.read_text() for path in (ROOT / "docs").glob("*.md")]

    assert len(keys) == len(set(keys)) >= 1
    assert not [key for key in keys for page in pages if key in page]
