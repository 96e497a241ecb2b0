"""Sealed creations of jobs with items, as one transaction makes them."""

from collections.abc import Iterable

from forgeledger.jobs.model.creation import SealedCreation, create_sealed
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.usecases.register_items import NewItem, registrations
from tests.support.builders import make_spec


def sealed_creation(
    job_id: str,
    names: Iterable[str],
    *,
    payload: str | None = None,
    client_id: str | None = None,
    **spec: object,
) -> SealedCreation | None:
    items = [NewItem(item_id=name, payload=payload) for name in names]
    shares = registrations(items, "request", lanes_of(job_id) or 1)
    return create_sealed(make_spec(job_id=job_id, **spec), shares, client_id)
