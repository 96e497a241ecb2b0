"""The simulated services have the settings of the template."""

import pytest

from benchmarks.capacity.capacity_model import Setup
from benchmarks.lambda_time import MEMORY_MB
from tests.simulation import checks, lambdas, sdk_side, world_rules
from tests.simulation.script import SEEDS_PER_GROUP, write_script
from tests.simulation.workloads import Workload
from tests.support.deployed_template import FUNCTIONS, TEMPLATE, properties

_LEDGER = properties("RelayFunction")["Events"]["Ledger"]["Properties"]
_COMMANDS = properties("IntakeFunction")["Events"]["Commands"]["Properties"]
_QUEUE, _WAKES = properties("CommandQueue"), properties("WakeQueue")


@pytest.mark.parametrize(
    ("simulated", "deployed"),
    [
        (lambdas.INTAKE_TIMEOUT_MS, properties("IntakeFunction")["Timeout"] * 1_000),
        (lambdas.RELAY_TIMEOUT_MS, properties("RelayFunction")["Timeout"] * 1_000),
        (sdk_side.TIMEOUT_MS, properties("ApiFunction")["Timeout"] * 1_000),
        (lambdas.INTAKE_BATCH, _COMMANDS["BatchSize"]),
        (lambdas.RELAY_BATCH, _LEDGER["BatchSize"]),
        (world_rules.RELAY_TRIES, _LEDGER["MaximumRetryAttempts"]),
        (
            world_rules.PARALLELIZATION,
            TEMPLATE["Parameters"]["RelayParallelizationFactor"]["Default"],
        ),
        (world_rules.VISIBILITY_MS, _QUEUE["VisibilityTimeout"] * 1_000),
        (world_rules.MAX_RECEIVES, _QUEUE["RedrivePolicy"]["maxReceiveCount"]),
        (world_rules.WAKE_VISIBILITY_MS, _WAKES["VisibilityTimeout"] * 1_000),
        (world_rules.WAKE_MAX_RECEIVES, _WAKES["RedrivePolicy"]["maxReceiveCount"]),
        (lambdas.WAKE_BATCH, properties("RelayWakes")["BatchSize"]),
        (checks.FAILING_ALARM_SECONDS, properties("LaneFailingAlarm")["Threshold"]),
    ],
)
def test_a_value_of_the_simulator_is_that_of_the_template(simulated: int, deployed: int) -> None:
    assert simulated == deployed


def test_failed_batches_of_records_are_halved_and_failures_are_reported_one_by_one() -> None:
    assert _LEDGER["BisectBatchOnFunctionError"] is True
    assert _LEDGER["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert _COMMANDS["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_some_worlds_try_as_often_as_the_template_says() -> None:
    scripts = [write_script(number * SEEDS_PER_GROUP) for number in range(60)]

    assert world_rules.RELAY_TRIES in {script.relay_tries for script in scripts}
    assert world_rules.MAX_RECEIVES in {
        script.max_receives for script in scripts if script.workload is not Workload.PLAIN
    }


@pytest.mark.parametrize("function", ["api", "intake", "relay"])
def test_costs_are_reckoned_with_the_memory_of_the_template(function: str) -> None:
    assert MEMORY_MB[function] == properties(f"{function.title()}Function")["MemorySize"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_costs_are_reckoned_without_the_log_lines_that_the_template_turns_off(
    function: str,
) -> None:
    logging = properties(function)["LoggingConfig"]

    # Lambda has levels only for JSON. At WARN it logs no start and no report of a success.
    assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")


def test_capacity_is_reckoned_with_the_concurrency_of_the_template() -> None:
    setup = Setup(lanes=1, items_per_message=1)

    default = TEMPLATE["Parameters"]["IntakeMaximumConcurrency"]["Default"]

    assert setup.intake_concurrency == default
