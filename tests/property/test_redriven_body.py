"""With ids in its body a redriven message means what it meant, whatever its text looks like."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forgeledger.cli.redriven_body import command_spans, selected, with_ids
from forgeledger.jobs.messages.command_message import decode
from tests.support.builders import JOB_ID

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_IDS = st.sampled_from([{}, {"commandId": None}, {"command_id": "c"}, {"commandId": "own"}])


@st.composite
def _commands(draw: Any) -> dict[str, Any]:
    extra = draw(st.dictionaries(st.text(min_size=1), _VALUES, max_size=3))
    return {"type": "claim", "jobId": JOB_ID, "itemId": "a", "x": extra, **draw(_IDS)}


def _text(value: Any, draw_indent: int | None) -> str:
    return json.dumps(value, indent=draw_indent or None, ensure_ascii=bool(draw_indent))


_BODIES = st.builds(
    _text,
    st.lists(_commands() | _VALUES, min_size=1, max_size=4).map(
        lambda commands: {"a": 1, "commands": commands, "z": "]}"}
    )
    | _commands()
    | _VALUES,
    st.sampled_from([0, 1, 3]),
)


@given(_BODIES)
def test_each_command_has_the_id_by_which_the_intake_knew_it(body: str) -> None:
    before, after = decode(body, "m-1"), decode(with_ids(body, "m-1"), "m-2")

    assert after.commands == before.commands
    assert after.problems == before.problems
    # Where each id stands in the body, a second redrive changes nothing.
    assert with_ids(with_ids(body, "m-1"), "m-3") == with_ids(body, "m-1")


@given(_BODIES, st.sets(st.integers(0, 5), min_size=1))
def test_the_selected_commands_are_those_of_the_message_as_they_came(
    body: str, chosen: set[int]
) -> None:
    before = decode(body, "m-1")
    indexes = sorted(index for index in chosen if index < len(command_spans(body)))

    after = decode(with_ids(body, "m-1", indexes), "m-2")

    if indexes:
        assert decode(selected(body, indexes), "").raw == tuple(
            before.raw[index] for index in indexes
        )
        wanted = [routed.command for routed in before.commands if routed.index in indexes]
        assert [routed.command for routed in after.commands] == wanted


@given(
    st.text() | _BODIES.flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end]))
)
def test_what_is_no_json_stays_as_it_is_unless_it_becomes_one(body: str) -> None:
    if not decode(body, "m-1").raw:
        assert decode(with_ids(body, "m-1"), "m-2").commands == ()
