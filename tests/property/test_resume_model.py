"""Every order of a resume's steps, with crashes, a seal, a second cancel and workers between."""

import pytest

from tests.support.resume_model import CLOSED, Lane, Rules, State, carried_on, steps, wrong

# One lane whose job is canceled and reopened once more: with two it would take a minute.
REOPENED_AGAIN = State(lanes=(Lane(1, (CLOSED, CLOSED)),), reopens=1)
MUTANTS = {
    "a lane follows before its items are resumed": Rules(resumes_before_following=False),
    "what a command canceled is resumed": Rules(spares_dropped=False),
    "a slow carrier resumes in a lane that is through or closed again": Rules(checks_gate=False),
    "the resume ends with the first lane": Rules(waits_for_all=False),
    "a verdict while resuming": Rules(verdict_waits=False),
    "it stops at a crash between two commits": Rules(carries_on=False),
    "it goes on where one stopped that a closing ended": Rules(forgets_at_closing=False),
    "a second cancel waits for the resume": Rules(cancel_ends_it=False),
}


def violation_of(rules: Rules) -> str | None:
    """What goes wrong in any order of the steps; None if nothing does."""
    return _violation_after(REOPENED_AGAIN, rules) or _violation_after(State(), rules)


def _violation_after(start: State, rules: Rules) -> str | None:
    seen, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        if (left := _left_by_rounds(state, rules)) is not None:
            return left
        for name, after in steps(state, rules):
            violation = wrong(state, after)
            if violation is not None:
                return f"{name}: {violation}"
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return None


def _left_by_rounds(state: State, rules: Rules) -> str | None:
    """Whoever dies, the rounds resume the rest, or close the lanes again."""
    if state.verdict is not None:
        return None
    if state.ending and state.resume_gate:
        return "a canceled job is still resuming"
    rest = carried_on(state, rules)
    if rest.ending:
        return None if rest.verdict == "canceled" else f"never canceled: {rest}"
    left = any(CLOSED in lane.items for lane in rest.lanes)
    return f"left half done: {rest}" if rest.resume_gate or left else None


def test_a_resume_is_right_in_every_order_of_its_steps() -> None:
    assert violation_of(Rules()) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_the_model_finds(name: str) -> None:
    assert violation_of(MUTANTS[name]) is not None
