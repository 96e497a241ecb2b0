"""A row of the table that is to be looked at, and when."""

from typing import Final

from forgeledger.fast_dataclass import fast_frozen

# The index of what is due has so many partitions: one takes a thousand writes a second.
SHARDS: Final = 16


@fast_frozen
class Due:
    pk: str
    # Milliseconds since 1970.
    at: int
