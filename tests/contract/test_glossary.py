"""docs/glossary.md explains words that are in use, each once and in order."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GLOSSARY = PROJECT / "docs" / "glossary.md"
WORDS = re.findall(r"^\| \*\*([^*]+)\*\* \|", GLOSSARY.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def product():
    """Code and pages in one text; `snake_case`, `camelCase` and new lines count as blanks."""
    files = [
        *(PROJECT / "layers").rglob("*.py"),
        *(PROJECT / "functions").rglob("*.py"),
        *(page for page in (PROJECT / "docs").rglob("*.md") if page != GLOSSARY),
    ]
    text = "\n".join(path.read_text() for path in files)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\s_]+", " ", text).lower()


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_glossary_is_in_use(word, product):
    assert re.search(rf"\b{re.escape(word.lower())}", product)


def test_the_words_are_in_order_and_each_stands_once():
    lowered = [word.lower() for word in WORDS]

    assert lowered == sorted(set(lowered))


@pytest.mark.parametrize("word", ["claim", "lane", "sealed", "epoch", "verdict", "former owner"])
def test_the_readme_explains_a_word_where_it_first_uses_it(word):
    readme = " ".join((PROJECT / "README.md").read_text().split())

    first = re.search(rf"\*?\b{word}s?\b\*?", readme)

    assert first is not None
    assert first.group() == f"*{word}*"
