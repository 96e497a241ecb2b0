"""Properties of a simulated world, apart from its faults."""

from dataclasses import dataclass

from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from tests.simulation.table_requests import PAGE_BYTES

# As in the template; test_template_values.py compares them.
VISIBILITY_MS = 180_000
MAX_RECEIVES = 30
RELAY_TRIES = 5
PARALLELIZATION = 2
WAKE_VISIBILITY_MS = 1_800_000
WAKE_MAX_RECEIVES = 5


@dataclass(slots=True, kw_only=True)
class WorldRules:
    max_receives: int = MAX_RECEIVES
    remembers_tokens: bool = True
    # Concurrent calls of each function.
    max_concurrency: int = 1_000
    relay_tries: int = RELAY_TRIES
    items_per_commit: int = ITEMS_PER_COMMIT
    page_bytes: int = PAGE_BYTES
    # Write units of each partition; 0: no limit.
    units_per_second: int = 0
    # After so many days without a commit an unsealed job is canceled; 0: never.
    maximum_idle_days: int = 0
    # Batches of a shard that relays process at once.
    parallelization: int = PARALLELIZATION
    # Whether the clock runs.
    execution: bool = False
    # Whether scheduled rounds are cut short, as if there were thousands of jobs.
    cuts_rounds_short: bool = False
