"""Endings that are written on purpose lead to where they are meant to lead."""

from random import Random

from tests.simulation.running import run
from tests.simulation.script import (
    Fault,
    Kind,
    Script,
    Step,
    Theme,
    _between_two_commits,
    _weeks,
    write,
)


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

    of_endings = {Kind.WEEKS, Kind.FAIL_ALL, Kind.RETRY_ALL}
    assert not kinds.pop(Theme.PLAIN) & of_endings
    assert set().union(*kinds.values()) >= of_endings
