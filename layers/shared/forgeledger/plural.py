"""Counts with their nouns, for people."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 item`, `2,000 items`; `many` where an s at the end is not enough."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
