"""A lane of the ledger's storage in memory: what a commit changes, and what expires."""

from dataclasses import dataclass, field

from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.lane_decision import Commit, item_versions
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import JournalRow
from forgeledger.journal.model.log_row import LogRow

_DAY_SECONDS = 24 * 3_600


@dataclass(slots=True)
class MemoryLane:
    head: Head
    items: dict[str, Item] = field(default_factory=dict)
    rows: list[JournalRow] = field(default_factory=list)
    due_rows: dict[tuple[int, int], DueRow] = field(default_factory=dict)
    # By the offset of the commit's first event.
    commit_ids: dict[int, str] = field(default_factory=dict)
    # TTLs of items and commits, by sort key, in seconds since 1970.
    ttls: dict[str, int] = field(default_factory=dict)

    def apply(self, commit: Commit) -> None:
        offset, days = commit.before.offset, commit.before.rules.ttl_days
        self.head = commit.head
        self.items.update((item.item_id, item) for item in commit.items)
        self.rows.append(LogRow(offset=offset, entries=commit.events))
        self.due_rows.update(((due.due_at, due.offset), due) for due in commit.due_rows)
        if days:
            names = [item_row(item.item_id) for item in commit.items]
            names += [due_row(due.due_at, due.offset) for due in commit.due_rows]
            ttl = commit.events[-1].at // 1_000 + days * _DAY_SECONDS
            self.ttls.update(dict.fromkeys([*names, commit_row(offset)], ttl))

    def delete_expired(self, now_seconds: int) -> None:
        expired = {name for name, ttl in self.ttls.items() if ttl <= now_seconds}
        items = self.items.items()
        self.items = {id_: item for id_, item in items if item_row(id_) not in expired}
        self.rows = [row for row in self.rows if commit_row(row.offset) not in expired]
        due_rows = self.due_rows.items()
        self.due_rows = {key: due for key, due in due_rows if due_row(*key) not in expired}
        self.ttls = {name: ttl for name, ttl in self.ttls.items() if name not in expired}


def item_row(item_id: str) -> str:
    return f"ITEM#{item_id}"


def due_row(due_at: int, offset: int) -> str:
    return f"DUE#{due_at:013d}#{offset:012d}"


def commit_row(offset: int) -> str:
    return f"LOG#{offset:012d}"


def items_stand(stored: MemoryLane, commit: Commit) -> bool:
    versions = item_versions(commit).items()
    return all(getattr(stored.items.get(name), "offset", None) == at for name, at in versions)
