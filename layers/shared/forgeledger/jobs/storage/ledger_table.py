"""The base of all parts of the storage."""

from collections.abc import Callable

from forgeledger.aws.dynamodb.table import Table
from forgeledger.parallel import Parallel


class LedgerTable:
    """Holds nothing but its client, so that threads may share it."""

    def __init__(self, table: Table, new_id: Callable[[], str], parallel: Parallel) -> None:
        self._table = table
        self._new_id = new_id
        self._parallel = parallel
