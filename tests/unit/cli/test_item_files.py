"""How a file of items is read: as ids or as JSON lines."""

import json

import pytest

from forgeledger.cli import exit_codes


@pytest.fixture
def job(ledger):
    return ledger.create_job("nightly")


@pytest.fixture
def register(forgeledger, job):
    return lambda *words, **more: forgeledger("items", "register", job.job_id, *words, **more)


@pytest.fixture
def in_file(register, tmp_path):
    def write_and_register(suffix, text):
        file = tmp_path / f"items.{suffix}"
        file.write_text(text, encoding="utf-8")
        return register(file)

    return write_and_register


@pytest.fixture
def known(ledger, job):
    return lambda: {item.item_id: item.payload for item in ledger.items(job.job_id)}


@pytest.mark.parametrize(
    ("suffix", "text", "items"),
    [
        ("txt", "a\nb\n", {"a": None, "b": None}),
        ("jsonl", '{"itemId": "a", "payload": 1}\n', {"a": 1}),
        ("txt", "\ufeffa\n", {"\ufeffa": None}),
        ("txt", "\n", {}),
    ],
)
def test_a_byte_order_mark_is_no_content(in_file, known, suffix, text, items):
    ended = in_file(suffix, f"\ufeff{text}")

    assert ended.code == 0
    assert known() == items


def test_a_byte_order_mark_does_not_hide_that_stdin_is_json(register, known):
    register("-", stdin='\ufeff{"itemId": "a"}\n')

    assert known() == {"a": None}


@pytest.mark.parametrize("name", ["  c  ", "c ", " c", "c\t", "c\u00a0"])
def test_a_name_with_blanks_around_it_is_refused_before_it_is_sent(in_file, known, name):
    ended = in_file("txt", f"a\n{name}\n")

    assert ended.code == exit_codes.USAGE
    assert ended.err.endswith(
        "items.txt:2: has blanks around it; if they belong to the itemId, write it as JSON\n"
    )
    assert known() == {}


def test_json_may_say_an_id_with_blanks_around_it(in_file, known):
    in_file("jsonl", ' {"itemId": " c "} \n')

    assert known() == {" c ": None}


@pytest.mark.parametrize("first", ['{"itemId": "a"}', '{ "item_id":"a"}'])
def test_json_lines_that_are_read_as_names_are_reported(
    forgeledger, register, known, tmp_path, first
):
    file = tmp_path / "items.json"
    file.write_text(f'\n{first}\n{{"itemId": "b"}}\n', encoding="utf-8")
    remark = (
        f"{file}: each line is read as an item's id, though the first looks like JSON; JSON lines "
        "are recognized by the suffix .jsonl, on stdin, or by --form jsonl of `items register`\n"
    )

    registered = register(file)
    created = forgeledger("job", "create", "nightly", "--items-file", file)
    with_form = register(file, "--form", "lines")

    assert set(known()) == {first, '{"itemId": "b"}'}
    assert (registered.err, created.err, with_form.err) == (remark, remark, "")


def test_names_that_look_like_json_further_down_are_not_reported(register, tmp_path):
    file = tmp_path / "items.txt"
    file.write_text('{a}\n{"itemId": "b"}\n', encoding="utf-8")

    assert register(file).err == ""


def test_a_line_that_is_no_json_is_reported_with_the_files_number_alone(in_file):
    ended = in_file("jsonl", '{"itemId": "a"}\n{"itemId": }\n')

    assert ended.err.endswith("items.jsonl:2: is not JSON: Expecting value: column 12\n")


def test_json_without_an_end_to_its_depth_is_a_mistake(in_file):
    ended = in_file("jsonl", "[" * 100_000)

    assert ended.err.endswith("items.jsonl:1: is nested too deeply\n")


@pytest.mark.parametrize(
    ("items", "words", "lanes"),
    [
        (10_001, (), 8),
        (10_001, ("--seal",), 8),
        # One request holds them, and more may come; sealed, the ledger counts them.
        (1_000, (), 4),
        (1_000, ("--seal",), 1),
        (10_001, ("--lanes", 2), 2),
        (10_001, ("--planned-items", 5), 1),
        (10_001, ("--expected-items", 100_001), 16),
    ],
)
def test_the_items_of_a_file_choose_the_lanes_unless_something_else_does(
    forgeledger, tmp_path, items, words, lanes
):
    file = tmp_path / "items.txt"
    file.write_text("".join(f"item-{number}\n\n" for number in range(items)))

    ended = forgeledger("job", "create", "large", "--items-file", file, *words, "--json")

    assert json.loads(ended.out)["lanes"] == lanes


def test_a_stream_is_read_once(forgeledger):
    ended = forgeledger("job", "create", "n", "--items-file", "-", "--json", stdin="a\nb\n")

    assert json.loads(ended.out)["total"] == 2
