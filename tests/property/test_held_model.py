"""Every order of start, pauses, seal, cancel, claims and reports, with crashes, in two lanes."""

from dataclasses import replace

import pytest

from tests.support.held_model import (
    BEGINNINGS,
    HeldRules,
    HeldState,
    carried_on,
    steps,
    stuck,
    wrong,
)

# All pairs and triples were run when the protocol was designed.
OPERATIONS = (
    (),
    ("pause", "resume"),
    ("pause until", "cancel"),
    ("pause", "start"),
    ("seal", "start"),
    ("seal", "pause until"),
)
MUTANTS = {
    "a claim ignores that its lane is held": HeldRules(claims_look=False),
    "a job starts before its time": HeldRules(waits_for_its_time=False),
    "a job is not started by its time": HeldRules(starts_at_its_time=False),
    "a pause with an end does not end": HeldRules(pauses_end=False),
    "lanes do not follow a start": HeldRules(start_is_a_gate=False),
    "lanes do not follow a pause": HeldRules(pause_is_a_gate=False),
    "lanes do not follow the end of a pause": HeldRules(resume_is_a_gate=False),
    "a slow carrier takes a lane back": HeldRules(follows_upwards_only=False),
    "a seal ends the hold of its lanes": HeldRules(seal_keeps_held=False),
    "a verdict before the start": HeldRules(verdict_waits_for_start=False),
    "a job that is canceled stays held": HeldRules(closing_ends_the_hold=False),
    "a job that is being canceled is started": HeldRules(start_ends_with_closing=False),
    "a lane follows before its items are resumed": HeldRules(resumes_items_first=False),
}


def violation_of(rules: HeldRules) -> str | None:
    """What goes wrong in any order of the steps; None if nothing does."""
    found = (
        _violation_from(replace(beginning, operators=operators), rules)
        for operators in OPERATIONS
        for beginning in BEGINNINGS
    )
    return next((violation for violation in found if violation is not None), None)


def _violation_from(beginning: HeldState, rules: HeldRules) -> str | None:
    seen, waiting = {beginning}, [beginning]
    while waiting:
        state = waiting.pop()
        # Whoever dies, the rounds do the rest.
        if state.carrier is None and (left := stuck(carried_on(state, rules))) is not None:
            return left
        for name, after in steps(state, rules):
            violation = wrong(name, state, after)
            if violation is not None:
                return f"{name}: {violation}"
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return None


def test_a_hold_is_right_in_every_order_of_its_steps() -> None:
    assert violation_of(HeldRules()) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_the_model_finds(name: str) -> None:
    assert violation_of(MUTANTS[name]) is not None
