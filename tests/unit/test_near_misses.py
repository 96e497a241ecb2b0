"""Near misses: case, `_` and `-`, slips and lacking units, of absent fields only."""

import pytest

from forgeledger.near_misses import misspelt_in, near_miss

ERROR = frozenset({"type", "message", "retryable"})
JOB = ("deadlineSeconds", "expectedItems", "items", "lanes", "seal", "tags", "ttlDays")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("expecteditems", "expectedItems"),
        ("expected-items", "expectedItems"),
        ("ExpectedItems", "expectedItems"),
        ("expected_item", "expectedItems"),
        ("expectdItms", "expectedItems"),
        ("epxcetedItems", "expectedItems"),
        ("deadline", "deadlineSeconds"),
        ("dead_line", "deadlineSeconds"),
        ("ttl", "ttlDays"),
        ("tag", "tags"),
        ("sela", "seal"),
        ("linse", None),
        ("sail2", None),
        ("expctdItm", None),
        ("deadlin", None),
        ("deadlineMs", None),
        ("days", None),
        ("color", None),
        ("", None),
        ("_", None),
    ],
)
def test_a_name_is_a_near_miss_or_a_foreign_field(name: str, meant: str | None) -> None:
    assert near_miss(name, JOB) == meant


def test_two_slips_need_six_letters_of_the_shorter_name() -> None:
    assert near_miss("abcdeXY", ["abcdefg"]) == "abcdefg"
    assert near_miss("abcdef", ["abXdYf"]) == "abXdYf"
    assert near_miss("abcde", ["abXYe"]) is None
    assert near_miss("abcdefg", ["abcde"]) is None


def test_the_nearest_field_is_meant() -> None:
    assert near_miss("numbers", ["members", "number"]) == "number"
    assert near_miss("Members", ["member", "members"]) == "members"


def test_only_an_absent_field_is_missed_whichever_way_it_is_spelt() -> None:
    known = frozenset({"expectedItems", "expected_items", "seal"})

    absent = misspelt_in({"expectedItem": 1, "seal": True}, known)
    present = misspelt_in({"expectedItem": 1, "expected_items": 2, "seals": 1, "seal": 1}, known)

    assert absent == {"expectedItem": "expectedItems"}
    assert present == {}


def test_each_near_miss_of_an_object_has_its_right_name() -> None:
    error = {"typ": "E", "retriable": False, "stack": "...", "message": "m"}

    assert misspelt_in(error, ERROR) == {"typ": "type", "retriable": "retryable"}


def test_of_very_many_unknown_fields_the_first_are_compared() -> None:
    foreign = {f"field{number}": number for number in range(31)}

    assert misspelt_in({**foreign, "typ": "E", "messag": "m"}, ERROR) == {"typ": "type"}
