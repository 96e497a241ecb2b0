"""A page's tables are written between marks, and nowhere else."""

import pytest

from benchmarks.markdown import filled, table


def test_a_page_without_the_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places for 'other'"):
        filled("<!-- one -->\n<!-- /one -->", {"other": "text"})


def test_what_stands_between_the_marks_is_replaced() -> None:
    page = "before\n<!-- one -->\nold \\1\n<!-- /one -->\nafter"

    assert filled(page, {"one": "new \\1"}) == page.replace("old", "new")


def test_a_table_has_its_numbers_to_the_right() -> None:
    told = table(["what", "number"], [["one", "1"]])

    assert told.splitlines() == ["| what | number |", "| --- | ---: |", "| one | 1 |"]
