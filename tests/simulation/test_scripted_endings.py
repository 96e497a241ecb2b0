"""Endings that are written on purpose lead to where they are meant to lead."""

from random import Random

from tests.simulation.faults import Fault
from tests.simulation.history_run import run
from tests.simulation.script import Script, write
from tests.simulation.scripted_endings import _between_two_commits, _coming, _weeks
from tests.simulation.steps import Step
from tests.simulation.workloads import Kind, Theme


def told(*steps: Step, items_per_commit: int) -> list[str]:
    begin = [Step(Kind.CREATE, 5), *[Step(Kind.REGISTER, seed) for seed in range(12)]]
    script = Script(
        seed=1,
        theme=Theme.LIFE,
        steps=(*begin, *steps),
        items_per_commit=items_per_commit,
        helped=False,
    )
    result = run(script, tell=True)
    assert result.violation is None, result.violation
    return [line.split("  . ")[1] for line in result.story if "  . " in line]


def test_a_cancel_comes_between_two_commits_of_one_batch() -> None:
    seed, stall = 7, ((2, Fault.PAUSE_AT_WRITE),)
    canceled = Step(Kind.CANCEL, seed, ((0, Fault.CRASH_AFTER),))

    story = told(
        Step(Kind.FAIL_ALL, seed),
        Step(Kind.RETRY_ALL, seed),
        Step(Kind.INTAKE, 1, stall),
        canceled,
        items_per_commit=1,
    )

    closing = story.index("job: job.closing RUNNING")
    assert "retried" in story[closing - 1]
    assert "(job_canceled)" in story[closing + 1]


def test_the_ending_between_two_commits_is_about_one_job() -> None:
    steps = _between_two_commits(Random(1))

    about = {Kind.FAIL_ALL, Kind.RETRY_ALL, Kind.CANCEL}
    assert len({step.seed for step in steps if step.kind in about}) == 1
    assert [step.kind for step in steps][-2:] == [Kind.INTAKE, Kind.CANCEL]


def test_weeks_pass_before_and_after_people_come_back() -> None:
    for seed in range(20):
        kinds = [step.kind for step in _weeks(Random(seed))]

        assert kinds[0] == kinds[-1] == Kind.WEEKS
        assert len(set(kinds)) > 1


def test_no_plain_history_has_weeks_or_is_canceled_between_two_commits() -> None:
    scripts = [write(seed) for seed in range(1_000)]
    kinds = {
        theme: {step.kind for script in scripts if script.theme is theme for step in script.steps}
        for theme in Theme
    }

    of_endings = {Kind.WEEKS, Kind.FAIL_ALL, Kind.RETRY_ALL, Kind.COME_AGAIN}
    assert not kinds.pop(Theme.PLAIN) & of_endings
    assert set().union(*kinds.values()) >= of_endings


def test_a_producer_that_was_not_answered_asks_again_for_the_same_job() -> None:
    lost = Step(Kind.COME, 13, ((1, Fault.CRASH_AFTER),))
    script = Script(seed=1, theme=Theme.LIFE, steps=(lost, Step(Kind.COME_AGAIN, 0)))

    result = run(script, tell=True)

    assert result.violation is None, result.violation
    asked = [line for line in result.story if "somebody asks to create job 13 " in line]
    assert len(asked) == 2
    assert sum("job: job.created" in line for line in result.story) == 1


def test_some_producers_that_come_late_use_the_sdk_and_all_ask_again() -> None:
    coming = [_coming(Random(seed)) for seed in range(50)]

    assert {steps[0].seed % 2 for steps in coming} == {0, 1}
    assert all(steps[0].kind is Kind.COME and steps[0].faults for steps in coming)
    assert all(steps[-1].kind is Kind.COME_AGAIN for steps in coming)
