"""A journal row names the unknown fields of commands, and has no byte more without any."""

import pytest

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.limits import COMMANDS_PER_MESSAGE
from forgeledger.jobs.storage.journal_rows import decode_journal_row, encode_journal_row
from forgeledger.unknown_fields import first_names
from tests.support.builders import make_command, make_head, make_item
from tests.support.row_sizes import row_bytes

ROW_BYTES = 400 * 1024


@pytest.mark.parametrize("letter", ["x", '"', "\\", "\x01", "\u4e00", "\U0001f600"])
def test_the_longest_names_fit_into_a_row(letter: str) -> None:
    names = first_names(f"{number:02}" + letter * 100 for number in range(30))
    commands = [
        make_command("complete", item_id=f"item-{number}", ignored=names)
        for number in range(COMMANDS_PER_MESSAGE)
    ]

    commits = decide(make_head(), {}, commands, 0).commits

    rows = [encode_journal_row("pk", commit, "c" * 36, None) for commit in commits]
    assert sum(len(commit.events) for commit in commits) == len(commands)
    assert max(map(row_bytes, rows)) <= ROW_BYTES
    for commit, row in zip(commits, rows, strict=True):
        assert decode_journal_row(row).entries == commit.events


def test_without_unknown_fields_a_row_has_no_byte_more() -> None:
    claim = make_command("claim", worker_id="w-1")
    items = {claim.item_id: make_item(item_id=claim.item_id)}

    (plain,) = decide(make_head(), items, [claim], 0).commits
    (named,) = decide(make_head(), items, [replace(claim, ignored=("leaseSecond",))], 0).commits
    rows = [encode_journal_row("pk", commit, "c", None) for commit in (plain, named)]

    assert row_bytes(rows[1]) - row_bytes(rows[0]) == len(',"i":["leaseSecond"]')
    assert '"i"' not in rows[0]["events"]["S"]
