"""Every relative link of the pages leads to a file, and every anchor to a heading."""

import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(PROJECT / "docs").rglob("*.md"),
        PROJECT / "events" / "README.md",
    ]
)
CODE_BLOCK = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:")


def links_of(page: Path) -> list[str]:
    """All links of a page but those to other sites, and what only looks like one in code."""
    text = INLINE_CODE.sub("", CODE_BLOCK.sub("", page.read_text()))
    return [link for link in LINK.findall(text) if not link.startswith(ELSEWHERE)]


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives the headings of a page."""
    anchors: set[str] = set()
    headings = re.findall(r"^#+ +(.+)$", CODE_BLOCK.sub("", page.read_text()), re.MULTILINE)
    for heading in headings:
        plain = LINK.sub("", heading).replace("[", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        repetitions = (f"{slug}-{number}" for number in range(1, len(headings)))
        anchors.add(
            slug if slug not in anchors else next(s for s in repetitions if s not in anchors)
        )
    return frozenset(anchors)


def broken_links(page: Path) -> list[str]:
    return [link for link in links_of(page) if not leads_somewhere(page, link)]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors_of(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    assert broken_links(page) == []


def test_the_pages_have_links_of_each_kind():
    links = [link for page in PAGES for link in links_of(page)]

    assert len(links) > 30
    assert any(link.startswith("#") for link in links)
    assert any(".md#" in link for link in links)


def test_a_link_to_nothing_is_found(tmp_path):
    (tmp_path / "other.md").write_text("# The `first` heading: a, b\n\n## Twice\n\n## Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n[file](other.md), [gone](gone.md), [heading](other.md#the-first-heading-a-b),\n"
        "[wrong](other.md#second), [again](other.md#twice-1), [own](#page), [not](#pages),\n"
        "[site](https://example.com/gone.md)\n\n```\n[code](gone.md)\n# Pages\n```\n"
    )

    assert broken_links(page) == ["gone.md", "other.md#second", "#pages"]
