"""Items as a real job might have them: numbered invoices, with a URL as their payload."""

from collections.abc import Iterable, Iterator
from typing import Any


def item_name(number: int) -> str:
    return f"invoice-{number:07d}"


def make_items(numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    for name in map(item_name, numbers):
        yield {"itemId": name, "payload": {"url": f"s3://invoices/2026/11/{name}.pdf"}}
