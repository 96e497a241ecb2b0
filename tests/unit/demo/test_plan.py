import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.demo.plan import Plan

plans = st.builds(
    Plan,
    items=st.integers(1, 500),
    fail_share=st.floats(0, 1),
    duplicate_share=st.floats(0, 0.5),
)


@given(plans)
def test_each_item_has_a_message_and_a_doubled_one_two(plan):
    item_ids = [json.loads(body)["itemId"] for body in plan.messages("j")]

    assert sorted(item_ids) == sorted([*plan.item_ids, *plan.sent_twice])


@given(plans)
def test_an_item_is_troubled_in_one_way_at_most(plan):
    assert plan.killing not in plan.failing | plan.sent_twice | plan.completed_twice
    assert not plan.failing & plan.sent_twice
    assert not (plan.failing | plan.sent_twice) & plan.completed_twice
    assert plan.failing | plan.sent_twice | plan.completed_twice | {plan.killing} <= set(
        plan.item_ids
    )


def test_the_share_of_failing_items_is_the_one_asked_for():
    plan = Plan(items=1_000, fail_share=0.02)

    failing = [
        json.loads(body)["itemId"]
        for body in plan.messages("j")
        if json.loads(body)["payload"]["failsAtFirst"]
    ]
    assert len(failing) == len(plan.failing) == 20


@pytest.mark.parametrize(("items", "lanes"), [(10, 4), (5_000, 4), (50_000, 8)])
def test_even_a_small_job_shows_several_lanes(items, lanes):
    assert Plan(items=items).lanes == lanes
