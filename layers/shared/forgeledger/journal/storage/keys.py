"""The sort keys of a log's rows within its partition."""

from typing import Final

LOG_PREFIX: Final = "LOG#"


def log_sk(offset: int) -> str:
    """Padded, so that offsets sort as numbers do."""
    return f"{LOG_PREFIX}{offset:012d}"


def log_offset(sk: str) -> int:
    return int(sk.removeprefix(LOG_PREFIX))
