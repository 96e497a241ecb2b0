"""Ctrl-C prints how far the command came."""

import json

import pytest

from forgeledger.cli import exit_codes


@pytest.fixture
def ctrl_c(monkeypatch):
    """Ctrl-C while the item `ctrl-c` is read."""

    def check(item):
        if item == "ctrl-c":
            raise KeyboardInterrupt

    monkeypatch.setattr("forgeledger.sdk.api.item_input.check_item", check)


@pytest.mark.parametrize("more", [(), ("-q",), ("--json",)])
def test_ctrl_c_prints_which_job_was_made(forgeledger, ledger, tmp_path, ctrl_c, more):
    file = tmp_path / "items.txt"
    lines = [f"item-{number}\n" for number in range(2_500)]
    file.write_text("".join([*lines, "ctrl-c\n"]), encoding="utf-8")

    ended = forgeledger("job", "create", "nightly", "--items-file", file, "--seal", *more)

    (job,) = ledger.jobs()
    assert (ended.code, ended.out) == (exit_codes.INTERRUPTED, "")
    line = json.loads(ended.err)["error"]["message"] if "--json" in more else ended.err.strip()
    assert line.removeprefix("forgeledger: ").startswith("interrupted; registration stopped after ")
    assert line.endswith(
        f" items were answered; job {job.job_id} is created; "
        "register its items again, from the start"
    )


def test_ctrl_c_when_all_is_registered_prints_which_job_was_made(forgeledger, ledger, api):
    def interrupt_status(number):
        if api.requests[-1].method == "GET":
            api.on_request = None
            raise KeyboardInterrupt

    api.on_request = interrupt_status
    lines = "".join(f"item-{number}\n" for number in range(1_001))

    ended = forgeledger("job", "create", "nightly", "--items-file", "-", stdin=lines)

    (job,) = ledger.jobs()
    assert ended.code == exit_codes.INTERRUPTED
    assert f"; job {job.job_id} is created; " in ended.err


@pytest.mark.parametrize(("items", "answered"), [(2_001, 1_000), (1, 0)])
def test_ctrl_c_says_how_many_items_were_answered(forgeledger, ledger, ctrl_c, items, answered):
    job = ledger.create_job("nightly")
    lines = "".join(f"item-{number}\n" for number in range(items))

    ended = forgeledger("items", "register", job.job_id, "-", stdin=f"{lines}ctrl-c\n")

    assert ended.code == exit_codes.INTERRUPTED
    assert ended.err == (
        f"forgeledger: interrupted; registration stopped after {answered} items were answered; "
        "repeating the command is safe\n"
    )
