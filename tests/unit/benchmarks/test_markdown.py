"""A page's tables are written between their markers, and nowhere else."""

import pytest

from benchmarks.markdown import fill_markers, number_table


def test_a_page_without_the_markers_of_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="0 pairs of markers for 'other'"):
        fill_markers("<!-- one -->\n<!-- /one -->", {"other": "text"})


def test_what_stands_between_the_marks_is_replaced() -> None:
    page = "before\n<!-- one -->\nold \\1\n<!-- /one -->\nafter"

    assert fill_markers(page, {"one": "new \\1"}) == page.replace("old", "new")


def test_a_table_has_its_numbers_to_the_right() -> None:
    text = number_table(["what", "number"], [["one", "1"]])

    assert text.splitlines() == ["| what | number |", "| --- | ---: |", "| one | 1 |"]
