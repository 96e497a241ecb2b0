import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.app import run
from forgeledger.jobs.messages.command_fields import PAYLOAD
from tests.unit.cli.terminals import Terminal

# An invalid item in the second line.
LARGE = '{"itemId": "a"}\n{"itemId": "b", "payload": "%s"}' % ("x" * 32_769)
MISSPELT = '{"itemId": "a"}\n{"itemId": "b", "paylod": 1}'
DEEP = '{"itemId": "a"}\n{"itemId": "b", "payload": %s}' % ("[" * 198 + "]" * 198)


@pytest.fixture
def job(ledger):
    return ledger.create_job("nightly")


def known(ledger, job):
    return {item.item_id: item.payload for item in ledger.items(job.job_id)}


def test_items_come_from_stdin_an_id_a_line(forgeledger, ledger, job):
    ended = forgeledger("items", "register", job.job_id, "-", stdin="a\n\nb c\r\n")

    assert ended.out == "2 registered, 0 already existed, 0 rejected\n"
    assert set(known(ledger, job)) == {"a", "b c"}


def test_an_input_without_items_is_reported(forgeledger, job):
    ended = forgeledger("items", "register", job.job_id, "-", stdin="")

    assert (ended.code, ended.err) == (0, "the input has no items\n")


def test_registering_again_is_safe_and_says_so(forgeledger, job):
    forgeledger("items", "register", job.job_id, "-", stdin="a\nb\n")

    ended = forgeledger("items", "register", job.job_id, "-", "--json", "--seal", stdin="b\nc\n")

    assert json.loads(ended.out) == {
        "registered": 1,
        "alreadyExisted": 1,
        "rejected": 0,
        "rejections": [],
        "sealed": True,
    }


def test_items_with_payloads_come_from_json_lines(forgeledger, ledger, job, tmp_path):
    file = tmp_path / "items.jsonl"
    file.write_text('{"itemId": "a", "payload": {"n": 1}}\n{"item_id": "b"}\n', encoding="utf-8")

    ended = forgeledger("items", "register", job.job_id, file)

    assert ended.code == 0
    assert known(ledger, job) == {"a": {"n": 1}, "b": None}


def test_json_lines_from_stdin_are_asked_for_by_name(forgeledger, ledger, job):
    forgeledger("items", "register", job.job_id, "-", "--form", "jsonl", stdin='{"itemId": "a"}\n')

    assert set(known(ledger, job)) == {"a"}


def test_json_lines_on_stdin_are_known_by_their_first_character(forgeledger, ledger, job):
    lines = '\n  {"itemId": "a", "payload": 1}\n{"itemId": "b"}\n'

    forgeledger("items", "register", job.job_id, "-", stdin=lines)

    assert known(ledger, job) == {"a": 1, "b": None}


def test_ids_that_look_like_json_are_taken_as_they_are_where_lines_are_asked_for(
    forgeledger, ledger, job
):
    forgeledger("items", "register", job.job_id, "-", "--form", "lines", stdin="{a}\n")

    assert set(known(ledger, job)) == {"{a}"}


def test_items_are_the_names_of_files_that_fit(forgeledger, ledger, job, tmp_path, monkeypatch):
    (tmp_path / "in" / "deep.csv").mkdir(parents=True)
    for name in ("in/a.csv", "in/deep.csv/b.csv", "in/c.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    forgeledger("items", "register", job.job_id, "--glob", "in/**/*.csv", "--seal")

    assert set(known(ledger, job)) == {"in/a.csv", "in/deep.csv/b.csv"}


def test_items_that_a_sealed_job_refuses_are_the_exit_code(forgeledger, ledger, job):
    ledger.seal(job.job_id)

    ended = forgeledger("items", "register", job.job_id, "-", stdin="late\n")

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert "1 rejected" in ended.out
    assert ended.err == "late: job_sealed\n"


def test_reasons_are_printed_for_the_first_few_and_for_more_as_json(forgeledger, ledger, job):
    ledger.seal(job.job_id)
    late = "".join(f"late-{number}\n" for number in range(60))

    for_people = forgeledger("items", "register", job.job_id, "-", stdin=late)
    for_programs = forgeledger("items", "register", job.job_id, "-", "--json", stdin=late)

    answer = json.loads(for_programs.out)
    assert len(for_people.err.splitlines()) == 11
    assert for_people.err.splitlines()[-1] == "and 50 more"
    assert (answer["rejected"], len(answer["rejections"])) == (60, 50)
    assert answer["rejections"][0] == {"itemId": "late-0", "reason": "job_sealed"}
    assert for_programs.err == ""


@pytest.mark.parametrize(
    ("words", "stdin", "error"),
    [
        ((), "", "FILE: give either a file (- is stdin) or --glob"),
        (("-", "--glob", "*"), "", "FILE: give either"),
        (("--glob", "*", "--form", "jsonl"), "", "--form: goes with a file, not with --glob"),
        (
            ("-",),
            '{"itemid": "a"}',
            "stdin:1: itemid is not a field of an item; did you mean itemId?",
        ),
        (("--glob", "nothing*"), "", "--glob: no file matches nothing*"),
        (("nowhere.txt",), "", "nowhere.txt: no such file"),
        (("-",), "ok\n" + "x" * 257, "stdin:2: itemId must have 1 to 256 characters, not 257"),
        (("-", "--form", "jsonl"), "{", "stdin:1: is not JSON"),
        (("-", "--form", "jsonl"), "[]", "stdin:1: is not a JSON object"),
        (("-", "--form", "jsonl"), '{"itemId": 1}', "stdin:1: itemId is missing or not text"),
        (("-",), "ok\n\n" + "🜚" * 256, "stdin:3: itemId must have at most 1019 bytes"),
        (("-",), LARGE, "stdin:2: payload must be at most 32768 bytes of JSON, not 32771"),
        (("-",), MISSPELT, "stdin:2: paylod is not a field of an item; did you mean payload?"),
        (("-",), DEEP, "stdin:2: payload must not be nested deeper than 197 levels"),
    ],
)
def test_a_mistake_names_the_line_or_the_option(forgeledger, job, words, stdin, error):
    ended = forgeledger("items", "register", job.job_id, *words, stdin=stdin)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {error}")
    assert len(ended.err.splitlines()) == 1


def test_a_name_of_a_file_that_is_too_long_is_reported_by_itself(
    forgeledger, job, tmp_path, monkeypatch
):
    name = "/".join(["d" * 130, "d" * 130, "x.csv"])
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    ended = forgeledger("items", "register", job.job_id, "--glob", "**/*.csv")

    assert ended.code == exit_codes.USAGE
    assert ended.err == f"forgeledger: {name}: itemId must have 1 to 256 characters, not 267\n"


@pytest.fixture
def tight(monkeypatch):
    """An API with a smaller limit on payloads than the command line knows."""
    large = PAYLOAD._replace(most_bytes=1_000_000)
    monkeypatch.setattr("forgeledger.sdk.api.item_input.PAYLOAD", large)


def test_what_the_api_alone_finds_wrong_is_reported_by_the_line_of_the_file(
    forgeledger, job, tmp_path, tight
):
    file = tmp_path / "items.jsonl"
    lines = [f'{{"itemId": "item-{number}"}}\n\n' for number in range(1_100)]
    lines[1_050] = '{"itemId": "large", "payload": "%s"}\n' % ("x" * 40_000)
    file.write_text("".join(lines), encoding="utf-8")

    ended = forgeledger("items", "register", job.job_id, file)

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        f"forgeledger: registration stopped after 1000 items were answered: {file}:2101: payload: "
        "must be at most 32768 bytes of JSON, not 40002; repeating the command is safe\n"
    )


def test_what_the_api_finds_wrong_in_a_new_jobs_items_is_reported_by_their_lines(
    forgeledger, tmp_path, tight
):
    file = tmp_path / "items.jsonl"
    file.write_text('\n{"itemId": "a", "payload": "%s"}\n' % ("x" * 40_000), encoding="utf-8")

    ended = forgeledger("job", "create", "nightly", "--items-file", file, "--lanes", 2)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {file}:2: payload: must be at most 32768 bytes")


def test_a_mistake_far_down_the_file_says_how_far_it_came_and_which_job_was_made(
    forgeledger, ledger, tmp_path
):
    file = tmp_path / "items.txt"
    lines = [f"item-{number}\n" for number in range(2_500)]
    file.write_text("".join([*lines, "x" * 257]), encoding="utf-8")

    ended = forgeledger("job", "create", "nightly", "--items-file", file)

    (job,) = ledger.jobs()
    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(
        f"forgeledger: {file}:2501: itemId must have 1 to 256 characters, not"
    )
    assert ended.err.endswith(
        f"; job {job.job_id} is created; register its items again, from the start\n"
    )


def test_a_mistake_behind_what_was_registered_already_says_how_much_that_was(
    forgeledger, ledger, job
):
    # One request is on its way when the third chunk is read.
    lines = "".join(f"item-{number}\n" for number in range(2_001))

    ended = forgeledger("items", "register", job.job_id, "-", stdin=lines + "x" * 257)

    assert len(known(ledger, job)) == 1_000
    assert ended.err == (
        "forgeledger: stdin:2002: itemId must have 1 to 256 characters, not 257; "
        "registration stopped after 1000 items were answered; repeating the command is safe\n"
    )


def test_a_file_that_is_not_utf8_is_a_mistake(forgeledger, job, tmp_path):
    file = tmp_path / "items.txt"
    file.write_bytes(b"\xff\xfe\n")

    ended = forgeledger("items", "register", job.job_id, file)

    assert ended.err.startswith(f"forgeledger: {file}:1: is not UTF-8")


def test_a_line_of_stdin_that_is_not_utf8_is_named(forgeledger, job):
    ended = forgeledger("items", "register", job.job_id, "-", stdin=b"ok\ncaf\xe9\n")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: stdin:2: is not UTF-8")


def test_an_unknown_job_is_said_to_be_unknown_and_no_more(forgeledger):
    ended = forgeledger("items", "register", "01KAJXPF80000APN59HKNHY2PJ-8", "-", stdin="a\n")

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err.startswith("forgeledger: unknown_job: ")
    assert "repeating" not in ended.err


def test_progress_is_painted_on_a_terminal_and_cleared(session_options, job, monkeypatch):
    import io

    screen = Terminal()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))
    monkeypatch.setattr("sys.stderr", screen)

    code = run(["items", "register", job.job_id, "-"], session_options)

    assert code == 0
    assert screen.getvalue() == "\r\x1b[2K2 items ...\r\x1b[2K"


def test_sealing_before_the_expected_items_came_is_reported(forgeledger, ledger):
    job = ledger.create_job("nightly", expected_items=3)

    ended = forgeledger("items", "register", job.job_id, "-", "--seal", stdin="a\n")

    assert ended.code == 0
    assert ended.err.splitlines()[-1].startswith("note: sealed with 1 of 3 expected items")
