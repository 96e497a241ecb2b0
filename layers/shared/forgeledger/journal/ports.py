"""What keeping a log's rows answers."""

from dataclasses import dataclass

from forgeledger.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """Some rows that got a later TTL."""

    # The row behind which to continue; None at the end.
    after: str | None
    # Why some of them did not get it.
    error: StorageError | None = None
