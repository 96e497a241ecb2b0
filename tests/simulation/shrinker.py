"""A failing history, cut down until every step and every fault left in it is needed."""

import re
from collections.abc import Callable
from dataclasses import replace

from tests.simulation.history_run import Result
from tests.simulation.script import Script
from tests.simulation.steps import Step

_MOST_RUNS = 1_500


def shrink(script: Script, violation: str, judge: Callable[[Script], Result]) -> Script:
    """Drop steps in ever smaller blocks, then faults one by one, while it fails the same way."""
    wanted = _kind(violation)
    runs = 0

    def fails(steps: tuple[Step, ...]) -> bool:
        nonlocal runs
        runs += 1
        found = judge(replace(script, steps=steps)).violation
        return found is not None and _kind(found) == wanted

    steps = script.steps
    size = max(1, len(steps) // 2)
    while runs < _MOST_RUNS:
        before = steps
        start = 0
        while start < len(steps) and runs < _MOST_RUNS:
            shorter = steps[:start] + steps[start + size :]
            if shorter and fails(shorter):
                steps = shorter
            else:
                start += size
        if size == 1 and steps == before:
            break
        size = max(1, size // 2)
    return replace(script, steps=_without_needless_faults(steps, fails))


def _without_needless_faults(
    steps: tuple[Step, ...], fails: Callable[[tuple[Step, ...]], bool]
) -> tuple[Step, ...]:
    for place in range(len(steps)):
        for fault in steps[place].faults:
            step = steps[place]
            fewer = tuple(each for each in step.faults if each != fault)
            calmer = (*steps[:place], replace(step, faults=fewer), *steps[place + 1 :])
            if fails(calmer):
                steps = calmer
    return steps


def _kind(violation: str) -> str:
    """What went wrong, without the names and numbers that another history would have."""
    words = re.sub(r"JOB#\S+|\bm\d+\b|\{.*|\d+\S*", "", violation)
    return words[:60]
