"""When an item that is PENDING may be handed out: one row an event that made it so."""

from forgeledger.fast_dataclass import fast_frozen


@fast_frozen
class DueRow:
    """Written in the commit of its event, in lanes that dispatch."""

    # Milliseconds since 1970.
    due_at: int
    # Of the event: unique in its lane, and comparable with a closing.
    offset: int
    item_id: str
    # Which dispatch of the item it is for.
    attempt: int


@fast_frozen
class DueKey:
    """Where a due row stands."""

    job_id: str
    lane: int
    due_at: int
    offset: int
