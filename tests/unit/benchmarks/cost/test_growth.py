"""A bound that cannot be missed shows nothing: each is missed here once, on the engine as well."""

from typing import Any

import pytest

from benchmarks.cost import growth

UNITS = 4.2


def make_told(items: int, **overrides: Any) -> dict[str, Any]:
    told = {
        "items": items,
        "requests": 0.2 * items,
        "processorSeconds": 500e-6 * items,
        "processorTimesAThousand": 1.0,
        "usage": {"write_units": UNITS * items},
    }
    return {**told, **overrides}


def verdicts_in_model(grown: int, **overrides: Any) -> list[tuple[str, bool]]:
    """All jobs are even but one."""
    sizes = (growth.BASE, *growth.MODEL_BOUNDS_AT)
    even = {f"job of {items}": make_told(items) for items in sizes}
    return growth.verdicts({**even, f"job of {grown}": make_told(grown, **overrides)})


def in_model(**overrides: Any) -> list[bool]:
    verdicts = verdicts_in_model(growth.BOUND_AT, **overrides)
    return [kept for line, kept in verdicts if f"at {growth.BOUND_AT:,} items" in line]


def on_engine(**overrides: Any) -> list[bool]:
    grown = make_told(growth.BOUND_AT, beside=make_told(growth.BASE), **overrides)
    return [kept for _, kept in growth.engine_verdicts({f"job of {growth.BOUND_AT}": grown})]


MORE = {
    "cost": {"usage": {"write_units": 1.2 * UNITS * growth.BOUND_AT}},
    "requests": {"requests": 0.23 * growth.BOUND_AT},
}


@pytest.mark.parametrize("kept", [in_model, on_engine])
def test_a_job_that_grows_evenly_keeps_all_bounds(kept: Any) -> None:
    assert kept() == [True, True, True]


@pytest.mark.parametrize("kept", [in_model, on_engine])
def test_an_item_that_takes_more_in_a_larger_job_misses_its_bound(kept: Any) -> None:
    assert kept(**MORE["cost"]) == [False, True, True]
    assert kept(**MORE["requests"]) == [True, True, False]


def test_processor_time_is_held_against_what_ran_beside() -> None:
    assert in_model(processorTimesAThousand=1.11) == [True, False, True]
    assert on_engine(processorSeconds=556e-6 * growth.BOUND_AT) == [True, False, True]


def test_the_model_is_held_to_its_bounds_at_a_million_as_well() -> None:
    verdicts = verdicts_in_model(1_000_000, processorTimesAThousand=1.11)

    assert [line for line, kept in verdicts if not kept] == [
        "Processor time of an item at 1,000,000 items: 1.11 times that at 1,000, at most 1.10."
    ]


def test_the_verdict_says_how_much_it_is() -> None:
    lines = [line for line, _ in verdicts_in_model(growth.BOUND_AT, **MORE["requests"])]

    assert lines[2] == (
        "Requests of an item at 100,000 items: 1.15 times that at 1,000, at most 1.10."
    )


def test_nothing_is_said_of_an_engine_that_was_not_measured() -> None:
    assert growth.engine_verdicts({}) == []
