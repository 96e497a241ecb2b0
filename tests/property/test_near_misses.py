"""Near misses against the rule as it is written: one slip after another, tried one by one."""

from collections.abc import Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from forgeledger.near_misses import near_miss

LETTERS = "abc"
names = st.text("abcAC_-", max_size=8)
long_names = st.text(LETTERS, min_size=6, max_size=9)


@given(names, st.text(LETTERS, min_size=1, max_size=8))
def test_a_near_miss_is_what_the_rule_says(name: str, field: str) -> None:
    bare = name.lower().replace("_", "").replace("-", "")
    slips = 2 if min(len(bare), len(field)) >= 6 else 1

    assert (near_miss(name, [field]) == field) == (field in _after_slips(bare, slips))


@given(long_names, st.data())
def test_two_slips_in_any_order_are_found(field: str, data: st.DataObject) -> None:
    once = data.draw(st.sampled_from(sorted(set(_slips(field)))))
    twice = data.draw(st.sampled_from(sorted(set(_slips(once)))))
    assume(len(twice) >= 6)

    assert near_miss(twice, [field]) == field


@given(names, st.lists(long_names, max_size=4))
def test_what_is_meant_is_one_of_the_absent_fields(name: str, absent: list[str]) -> None:
    assert near_miss(name, absent) in {*absent, None}


@given(names, names)
def test_both_names_are_as_near_to_each_other(name: str, field: str) -> None:
    assert (near_miss(name, [field]) is None) == (near_miss(field, [name]) is None)


@given(st.text(LETTERS, min_size=4, max_size=12), st.sampled_from(["Seconds", "Days", "Percent"]))
def test_a_lacking_unit_is_a_near_miss(name: str, unit: str) -> None:
    assert near_miss(name, [name + unit]) == name + unit


def _after_slips(name: str, slips: int) -> set[str]:
    reached = {name}
    for _ in range(slips):
        reached |= {other for known in reached for other in _slips(known)}
    return reached


def _slips(name: str) -> Iterator[str]:
    for index in range(len(name) + 1):
        before, after = name[:index], name[index:]
        yield from (before + letter + after for letter in LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
