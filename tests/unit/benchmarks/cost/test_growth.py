"""Each bound is missed here once, by the cost model and on the engine."""

from typing import Any

import pytest

from benchmarks.cost import growth
from benchmarks.cost.bounds import Bound

UNITS = 4.2


def make_job(items: int, **overrides: Any) -> dict[str, Any]:
    figures = {
        "items": items,
        "requests": 0.2 * items,
        "processorSeconds": 500e-6 * items,
        "processorTimeRatio": 1.0,
        "usage": {"write_units": UNITS * items},
    }
    return {**figures, **overrides}


def bounds_in_model(grown: int, **overrides: Any) -> list[Bound]:
    """An item takes the same in all jobs but one."""
    sizes = (growth.BASE, *growth.MODEL_BOUNDS_AT)
    even = {f"job of {items}": make_job(items) for items in sizes}
    return growth.bounds({**even, f"job of {grown}": make_job(grown, **overrides)})


def in_model(**overrides: Any) -> list[bool]:
    bounds = bounds_in_model(growth.BOUND_AT, **overrides)
    return [bound.met for bound in bounds if f"at {growth.BOUND_AT:,} items" in bound.text]


def on_engine(**overrides: Any) -> list[bool]:
    grown = make_job(growth.BOUND_AT, reference=make_job(growth.BASE), **overrides)
    engine = {f"job of {growth.BOUND_AT}": grown}
    return [bound.met for bound in growth.engine_bounds(engine)]


MORE = {
    "cost": {"usage": {"write_units": 1.2 * UNITS * growth.BOUND_AT}},
    "requests": {"requests": 0.23 * growth.BOUND_AT},
}


@pytest.mark.parametrize("bounds_met", [in_model, on_engine])
def test_a_job_that_grows_evenly_keeps_all_bounds(bounds_met: Any) -> None:
    assert bounds_met() == [True, True, True]


@pytest.mark.parametrize("bounds_met", [in_model, on_engine])
def test_an_item_that_takes_more_in_a_larger_job_misses_its_bound(bounds_met: Any) -> None:
    assert bounds_met(**MORE["cost"]) == [False, True, True]
    assert bounds_met(**MORE["requests"]) == [True, True, False]


def test_processor_time_is_compared_with_what_ran_at_the_same_time() -> None:
    assert in_model(processorTimeRatio=1.11) == [True, False, True]
    assert on_engine(processorSeconds=556e-6 * growth.BOUND_AT) == [True, False, True]


def test_the_model_is_held_to_its_bounds_at_a_million_as_well() -> None:
    bounds = bounds_in_model(1_000_000, processorTimeRatio=1.11)

    assert [bound.text for bound in bounds if not bound.met] == [
        "Processor time per item at 1,000,000 items: 1.11 times that at 1,000, at most 1.10."
    ]


def test_the_verdict_says_how_much_it_is() -> None:
    bounds = bounds_in_model(growth.BOUND_AT, **MORE["requests"])

    assert bounds[2].text == (
        "Requests per item at 100,000 items: 1.15 times that at 1,000, at most 1.10."
    )


def test_nothing_is_said_of_an_engine_that_was_not_measured() -> None:
    assert growth.engine_bounds({}) == []
