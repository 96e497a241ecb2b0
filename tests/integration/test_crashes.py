"""A process is killed before and after each of its AWS calls; redelivery must mend it all.

Nothing wakes the relay but the records that the table produced, and of those only the ones that
the template's filters let through.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.local.engine import REGION
from forgeledger.local.engine_calls import EngineCalls
from tests.crashes.fate import Broke, Fate, Killed
from tests.crashes.lives import LIVES, Life, one_item
from tests.crashes.stage import Stage
from tests.crashes.stream_mapping import MOST
from tests.crashes.streamed_tables import TableInProcess, TableOnEngine

VERDICTS = ("job.completed", "job.failed", "job.canceled")

each_life = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
KILLED_BEFORE = {"takes_place": False, "end": Killed}
KILLED_AFTER = {"takes_place": True, "end": Killed}
BROKE_AFTER = {"takes_place": True, "end": Broke}


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


def ended(life: Life, stage: Stage) -> dict[str, Any]:
    life.live(stage)
    return stage.outcome()


def wrong_at_every_call(
    life: Life, expected: dict[str, Any], calls: int, new_stage: Callable[[int], Stage]
) -> None:
    for at_call in range(calls):
        stage = new_stage(at_call)

        outcome = ended(life, stage)

        assert outcome == expected, f"wrong at call {at_call} of {calls}"
        ends = [event for event in outcome["events"] if event.endswith(VERDICTS)]
        epochs = [event.partition(":")[0] for event in ends]
        assert len(epochs) == len(set(epochs)), "an epoch ends once"


@each_life
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
    life: Life, fault: dict[str, Any], relay_batch: int
) -> None:
    undisturbed = Stage(TableInProcess(), relay_batch=relay_batch)
    expected = ended(life, undisturbed)

    wrong_at_every_call(
        life,
        expected,
        undisturbed.fate.calls,
        lambda at_call: Stage(TableInProcess(), Fate(at_call, **fault), relay_batch=relay_batch),
    )


@each_life
def test_a_life_without_faults_ends_as_it_should(life: Life) -> None:
    outcome = ended(life, Stage(TableInProcess()))

    assert outcome["job"].status is life.status
    assert tuple(outcome["events"]) == life.events
    assert len(outcome["rejects"]) == life.rejected_messages
    assert outcome["published"] == outcome["job"].facts
    assert not outcome["open"]


@pytest.mark.integration
@each_life
def test_an_engine_and_its_stream_give_the_same_life(
    engine_table: TableOnEngine, life: Life
) -> None:
    expected = ended(life, Stage(TableInProcess()))

    outcome = ended(life, Stage(engine_table, number=1_000 + LIVES.index(life)))

    assert outcome == expected


@pytest.mark.integration
@pytest.mark.parametrize("fault", [KILLED_BEFORE, KILLED_AFTER], ids=["before", "after"])
def test_killed_at_any_call_on_an_engine_the_end_is_that_of_a_run_without_faults(
    engine_table: TableOnEngine, fault: dict[str, Any]
) -> None:
    life = next(life for life in LIVES if life.live is one_item)
    first = 3_000 if fault["takes_place"] else 2_000
    undisturbed = Stage(engine_table, number=first)
    expected = ended(life, undisturbed)

    wrong_at_every_call(
        life,
        expected,
        undisturbed.fate.calls,
        lambda at_call: Stage(engine_table, Fate(at_call, **fault), number=first + 1 + at_call),
    )
