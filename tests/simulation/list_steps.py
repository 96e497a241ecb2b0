"""A client reads a list: from the use case, or page by page over HTTP."""

from random import Random
from typing import Any

from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import JobStatus
from tests.simulation.checks import Checks
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.list_checks import LISTS, ListRequest
from tests.simulation.operators import Operators
from tests.simulation.route_checks import ROUTES

_HTTP_SHARE = 0.5
_STATES = (None, None, *ItemState)
# No job here is scheduled.
_STATUSES = (None, *(status for status in JobStatus if status is not JobStatus.SCHEDULED))
# Page sizes: several pages, or one.
_PAGES = (2, 100)
# More often those lists for which only a query says whether there is more.
_LIST_WEIGHTS = (3, 1, 1, 2, 3)


def check_a_list(operators: Operators, random: Random, faults: PlannedFaults) -> None:
    world = operators.world
    job = random.choice(operators.jobs)
    item_id = random.choice(job.item_ids) if job.item_ids else None
    what = random.choices(list(LISTS), _LIST_WEIGHTS)[0]
    http = random.random() < _HTTP_SHARE
    status = random.choice(_STATUSES) if http else None
    request = ListRequest(
        job.job_id, item_id, random.choice(_STATES), random.choice(_PAGES), status
    )
    (read, check), (read_pages, check_pages) = LISTS[what], ROUTES[what]
    commits, begun = world.commits, world.now

    def work(services: Any) -> Any:
        return read_pages(world, request) if http else read(services, request)

    listed = operators._request(
        lambda: f"list {what} of {job.new.name}{' over HTTP' if http else ''}", work, faults
    )
    checks = world.observer
    # A list that was read while others wrote may show old or new rows.
    if listed is not None and commits == world.commits and isinstance(checks, Checks):
        (check_pages if http else check)(checks, request, listed, begun)
