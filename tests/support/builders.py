"""Builders of domain records with defaults; tests pass only the fields that matter."""

from typing import Any

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.ids import lanes_of, make_job_id
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.lanes import Head, LaneRules

# 2026-01-01T00:00:00Z.
NOW = 1_767_225_600_000
JOB_ID = make_job_id(NOW, 1, 4)


def make_rules(**overrides: Any) -> LaneRules:
    return LaneRules(**overrides)


def make_spec(**overrides: Any) -> JobSpec:
    """The number of lanes is that of the job id unless given."""
    job_id = overrides.get("job_id", JOB_ID)
    defaults = {
        "job_id": job_id,
        "name": "invoices",
        "lanes": lanes_of(job_id),
        "created_at": NOW,
    }
    return JobSpec(**{**defaults, **overrides})


def make_job(**overrides: Any) -> Job:
    """Overrides that are no fields of a job go to its specification."""
    own = {name: overrides.pop(name) for name in list(overrides) if name in _JOB_FIELDS}
    spec = own.pop("spec", None) or make_spec(**overrides)
    return Job(**{"spec": spec, "facts": 1, "opened_at": NOW, "renewed_since": NOW, **own})


def make_head(**overrides: Any) -> Head:
    return Head(**{"job_id": JOB_ID, "lane": 0, "rules": LaneRules(), **overrides})


def make_item(**overrides: Any) -> Item:
    defaults = {
        "item_id": "invoice-17",
        "state": ItemState.PENDING,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Item(**{**defaults, **overrides})


def make_command(kind: CommandKind | str, **overrides: Any) -> Command:
    """The id is derived from kind and item: the same call builds the same command."""
    kind = CommandKind(kind)
    item_id = overrides.get("item_id", "invoice-17")
    defaults = {"kind": kind, "item_id": item_id, "command_id": f"{kind}:{item_id}"}
    return Command(**{**defaults, **overrides})


def make_event(kind: EventKind | str = EventKind.REGISTERED, **overrides: Any) -> Event:
    return Event(**{"kind": EventKind(kind), "at": NOW, "item_id": "invoice-17", **overrides})


_JOB_FIELDS = frozenset(Job.__dataclass_fields__)
