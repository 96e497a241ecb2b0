"""A work message that no worker brought to an end."""

from forgeledger.fast_dataclass import fast_frozen


@fast_frozen
class DeadWork:
    """Its job, and its items with the dispatches that it was for."""

    message_id: str
    job_id: str
    items: tuple[tuple[str, int], ...]
