"""The one item of a job that has one."""

from forgeledger.errors import JobNotFound
from forgeledger.execution.model.errors import NotOneItem
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.ports import JobView, LaneStore


def single_item(lanes: LaneStore, view: JobView) -> Item:
    """As it is stored; raises NotOneItem for any other job."""
    items = total(view.heads).total
    if items != 1:
        raise NotOneItem(view.job.job_id, items)
    lane = next(head.lane for head in view.heads if head.counts.total)
    page = lanes.list_items(view.job.job_id, lane, None, 1)
    if not page.items:
        # Its row expires before those of its job.
        raise JobNotFound(view.job.job_id)
    return page.items[0]
