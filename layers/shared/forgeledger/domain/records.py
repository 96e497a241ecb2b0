"""Dataclasses whose freezing is left to the type checker.

At run time a frozen dataclass sets each field through object.__setattr__. Records are made by the
hundred for each batch, and setting their fields plainly makes them in half the time.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - Given on as it is.
else:

    def dataclass(*, frozen: bool = False, **options: Any) -> Any:
        """As dataclasses.dataclass, with the same equality and hash."""
        return dataclasses.dataclass(**options, unsafe_hash=frozen)
