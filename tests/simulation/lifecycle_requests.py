"""How operators ask for a change of a job as a whole."""

from typing import Any

from forgeledger.json_text import iso

REQUESTS_FOR_EXPIRED = (
    ("GET", "/jobs/{job}"),
    ("GET", "/jobs/{job}/why"),
    ("GET", "/jobs/{job}/events"),
    ("GET", "/jobs/{job}/items"),
    ("GET", "/jobs/{job}/items/{item}"),
    ("POST", "/jobs/{job}/seal"),
    ("POST", "/jobs/{job}/cancel"),
    ("POST", "/jobs/{job}/reopen"),
    ("POST", "/jobs/{job}/items/{item}/retry"),
    ("POST", "/jobs/{job}/items/{item}/claim"),
)


def request_of(what: str, until: int | None) -> tuple[str, dict[str, Any], Any]:
    """The name of the use case and the route, its options, and the body."""
    if what == "resume":
        # The resume of items is a reopening with an option.
        return "reopen", {"resume": True}, {"items": "resume"}
    if what == "pause":
        return "pause", {"until": until}, None if until is None else {"until": iso(until)}
    return ("resume" if what == "end pause" else what), {}, None


def outcome_of(answer: Any) -> str | None:
    """The outcome in the answer of a use case or route; None for an error or no answer."""
    if answer is None or isinstance(answer, dict):
        return (answer or {}).get("outcome")
    return str(answer.outcome)
