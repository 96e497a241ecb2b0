"""A process is killed before and after each of its AWS calls; redelivery must repair it.

Only the table's stream records invoke the relay, and only those that pass the template's filters.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.local.engine import REGION
from forgeledger.local.engine_calls import EngineCalls
from tests.crashes.failing_calls import FailingCall, ProcessKilled, UnexpectedError
from tests.crashes.scenarios import SCENARIOS, Scenario, one_item
from tests.crashes.stage import CrashStage
from tests.crashes.stream_mapping import MOST
from tests.crashes.streamed_tables import TableInProcess, TableOnEngine

VERDICTS = ("job.completed", "job.failed", "job.canceled")

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
KILLED_BEFORE = {"takes_effect": False, "error": ProcessKilled}
KILLED_AFTER = {"takes_effect": True, "error": ProcessKilled}
BROKE_AFTER = {"takes_effect": True, "error": UnexpectedError}


@pytest.fixture(scope="module")
def engine_table(engine_url: str) -> Iterator[TableOnEngine]:
    client = get_session().create_client(
        "dynamodb",
        endpoint_url=engine_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
    )
    table = TableOnEngine(client, EngineCalls(engine_url))
    yield table
    table.drop()


def outcome_of(scenario: Scenario, stage: CrashStage) -> dict[str, Any]:
    scenario.play(stage)
    return stage.outcome()


def wrong_at_every_call(
    scenario: Scenario, expected: dict[str, Any], calls: int, new_stage: Callable[[int], CrashStage]
) -> None:
    for at_call in range(calls):
        stage = new_stage(at_call)

        outcome = outcome_of(scenario, stage)

        assert outcome == expected, f"wrong at call {at_call} of {calls}"
        ends = [event for event in outcome["events"] if event.endswith(VERDICTS)]
        epochs = [event.partition(":")[0] for event in ends]
        assert len(epochs) == len(set(epochs)), "an epoch ends once"


@each_scenario
@pytest.mark.parametrize(
    ("fault", "relay_batch"),
    [
        pytest.param(KILLED_BEFORE, MOST, id="killed_before"),
        pytest.param(KILLED_AFTER, MOST, id="killed_after"),
        pytest.param(KILLED_BEFORE, 1, id="killed_before_record_by_record"),
        pytest.param(KILLED_AFTER, 1, id="killed_after_record_by_record"),
        pytest.param(BROKE_AFTER, MOST, id="broke_after"),
    ],
)
def test_whatever_call_goes_wrong_the_end_is_that_of_a_run_without_faults(
    scenario: Scenario, fault: dict[str, Any], relay_batch: int
) -> None:
    undisturbed = CrashStage(TableInProcess(), relay_batch=relay_batch)
    expected = outcome_of(scenario, undisturbed)

    wrong_at_every_call(
        scenario,
        expected,
        undisturbed.failing_call.calls,
        lambda at_call: CrashStage(
            TableInProcess(), FailingCall(at_call, **fault), relay_batch=relay_batch
        ),
    )


@each_scenario
def test_a_life_without_faults_ends_as_it_should(scenario: Scenario) -> None:
    outcome = outcome_of(scenario, CrashStage(TableInProcess()))

    assert outcome["job"].status is scenario.status
    assert tuple(outcome["events"]) == scenario.events
    assert len(outcome["rejects"]) == scenario.rejected_messages
    assert outcome["published"] == outcome["job"].facts
    assert not outcome["open"]


@pytest.mark.integration
@each_scenario
def test_an_engine_and_its_stream_give_the_same_life(
    engine_table: TableOnEngine, scenario: Scenario
) -> None:
    expected = outcome_of(scenario, CrashStage(TableInProcess()))

    outcome = outcome_of(
        scenario, CrashStage(engine_table, number=1_000 + SCENARIOS.index(scenario))
    )

    assert outcome == expected


@pytest.mark.integration
@pytest.mark.parametrize("fault", [KILLED_BEFORE, KILLED_AFTER], ids=["before", "after"])
def test_killed_at_any_call_on_an_engine_the_end_is_that_of_a_run_without_faults(
    engine_table: TableOnEngine, fault: dict[str, Any]
) -> None:
    scenario = next(scenario for scenario in SCENARIOS if scenario.play is one_item)
    first = 3_000 if fault["takes_effect"] else 2_000
    undisturbed = CrashStage(engine_table, number=first)
    expected = outcome_of(scenario, undisturbed)

    wrong_at_every_call(
        scenario,
        expected,
        undisturbed.failing_call.calls,
        lambda at_call: CrashStage(
            engine_table, FailingCall(at_call, **fault), number=first + 1 + at_call
        ),
    )
