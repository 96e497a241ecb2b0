"""The lines of prose on the pages are short enough to be read next to code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(PROJECT / "docs").rglob("*.md"),
    ]
)
LESS_THAN = 120


def prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """The numbered lines outside code blocks and tables."""
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.lstrip().startswith("|"):
            yield number, line


def long_lines(text: str) -> list[int]:
    return [number for number, line in prose_lines(text) if len(line) >= LESS_THAN]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_has_no_long_line_of_prose(page):
    assert long_lines(page.read_text()) == []


def test_a_long_line_counts_in_prose_alone():
    long = "x" * LESS_THAN

    assert long_lines(f"{long}\n```\n{long}\n```\n| {long} |\n{long[1:]}\n  - {long}\n") == [1, 7]
