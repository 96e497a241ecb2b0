"""A command's mark, by which a redelivery is recognised, and its jitter."""

from tests.support.builders import make_command


def test_a_mark_is_eight_letters_that_depend_on_kind_and_id_alone():
    mark = make_command("claim", command_id="c-1", worker_id="w-1").mark

    assert len(mark) == 8
    assert mark == make_command("claim", command_id="c-1", item_id="another").mark
    assert mark != make_command("claim", command_id="c-2").mark
    assert mark != make_command("fail", command_id="c-1").mark


def test_a_mark_takes_any_text():
    assert len(make_command("claim", command_id="\u00e9\U0001f600\n\x00").mark) == 8


def test_the_chance_of_a_command_is_fixed_and_spread_over_the_unit_interval():
    draws = [make_command("fail", command_id=f"c-{number}").jitter for number in range(1_000)]

    assert draws == [make_command("fail", command_id=f"c-{n}").jitter for n in range(1_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert 0.45 < sum(draws) / len(draws) < 0.55
