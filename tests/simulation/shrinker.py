"""Shrink a failing script until each of its steps and faults is needed."""

import re
from collections.abc import Callable
from dataclasses import replace

from tests.simulation.history_result import HistoryResult
from tests.simulation.script import Script
from tests.simulation.steps import ScriptStep

_MOST_RUNS = 1_500


def shrink(script: Script, violation: str, judge: Callable[[Script], HistoryResult]) -> Script:
    """Drop ever smaller blocks of steps, then single faults, while it fails in the same way."""
    signature = _signature(violation)
    runs = 0

    def fails(steps: tuple[ScriptStep, ...]) -> bool:
        nonlocal runs
        runs += 1
        found_violation = judge(replace(script, steps=steps)).violation
        return found_violation is not None and _signature(found_violation) == signature

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
    steps: tuple[ScriptStep, ...], fails: Callable[[tuple[ScriptStep, ...]], bool]
) -> tuple[ScriptStep, ...]:
    for index in range(len(steps)):
        for fault in steps[index].faults:
            step = steps[index]
            fewer = tuple(other for other in step.faults if other != fault)
            calmer = (*steps[:index], replace(step, faults=fewer), *steps[index + 1 :])
            if fails(calmer):
                steps = calmer
    return steps


def _signature(violation: str) -> str:
    """The kind of violation: its text without the names and numbers of one history."""
    words = re.sub(r"JOB#\S+|\bm\d+\b|\{.*|\d+\S*", "", violation)
    return words[:60]
