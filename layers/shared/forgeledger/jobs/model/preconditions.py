"""What a commit rests on beside the version of its head."""

from forgeledger.jobs.model.lane_decision import Commit


def item_versions(commit: Commit) -> dict[str, int | None]:
    """For each item it speaks of the offset it had when it was decided upon; None: no such item.

    The head alone does not vouch for the items: they may have been read before a commit of
    somebody else, and the head after it. An item that was refused as unknown counts as well,
    else the journal would tell of it another story than its row.
    """
    versions: dict[str, int | None] = {}
    for event in commit.events:
        if event.item_id is not None:
            versions.setdefault(event.item_id, event.previous)
    return versions
