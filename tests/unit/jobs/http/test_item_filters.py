"""Items by state, type of error and worker, alone and together."""

import pytest

from tests.support.large_items import job_of_large_items, payload_bytes_read

TYPE = "a.module.with.a.long.name.RateLimitExceededError"


@pytest.fixture
def job_id(caller):
    """Items over several lanes, each named by its state, error and worker."""
    job_id = caller.new_job(
        items=["new", "claimed-w1", "claimed-w2", "retried-t-w1", "failed-t-w1", "failed-u-w2"],
        lanes=3,
        policy={"maxAttempts": 2},
    )
    for name in ("claimed-w1", "claimed-w2", "retried-t-w1", "failed-t-w1", "failed-u-w2"):
        item, worker = f"/jobs/{job_id}/items/{name}", name[-2:]
        caller.post(f"{item}/claim", {"workerId": worker})
        if not name.startswith("claimed"):
            error = {"type": TYPE if "-t-" in name else "U", "retryable": "retried" in name}
            caller.post(f"{item}/fail", {"workerId": worker, "error": error})
    return job_id


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"errorType": TYPE}, {"failed-t-w1", "retried-t-w1"}),
        ({"errorType": "U"}, {"failed-u-w2"}),
        ({"errorType": "u"}, set()),
        ({"workerId": "w1"}, {"claimed-w1", "failed-t-w1", "retried-t-w1"}),
        ({"workerId": "w1", "errorType": TYPE, "state": "FAILED"}, {"failed-t-w1"}),
        ({"workerId": "w2", "state": "IN_PROGRESS"}, {"claimed-w2"}),
        ({"workerId": "w2", "errorType": TYPE}, set()),
    ],
)
def test_items_match_every_filter_that_is_given(caller, job_id, query, names, limit):
    listed = _listed(caller, job_id, limit=limit, **query)

    assert sorted(listed) == sorted(names)


def test_a_type_of_error_can_be_given_as_why_shows_it(caller, job_id):
    failures = caller.get(f"/jobs/{job_id}/why").json["failures"]
    (cut,) = {failure["type"] for failure in failures} - {"U"}

    listed = _listed(caller, job_id, errorType=cut)

    assert cut != TYPE
    assert sorted(listed) == ["failed-t-w1", "retried-t-w1"]


def test_a_cursor_belongs_to_its_filters(caller, job_id):
    cursor = caller.get(f"/jobs/{job_id}/items", workerId="w1", limit=1).json["nextCursor"]

    for other in ({"workerId": "w2"}, {"errorType": "w1"}, {"workerId": "w1", "state": "FAILED"}):
        reply = caller.get(f"/jobs/{job_id}/items", cursor=cursor, **other)

        assert (reply.status, reply.json["errors"][0]["rule"]) == (422, "cursor")


@pytest.mark.parametrize("name", ["errorType", "workerId"])
@pytest.mark.parametrize(("value", "rule"), [("", "min_length"), ("x" * 257, "max_length")])
def test_a_filter_without_a_possible_match_is_refused(caller, job_id, name, value, rule):
    reply = caller.get(f"/jobs/{job_id}/items", **{name: value})

    assert reply.status == 422
    assert [(error["field"], error["rule"]) for error in reply.json["errors"]] == [(name, rule)]


@pytest.mark.parametrize("query", [{"errorType": "T"}, {"workerId": "w"}])
def test_a_rare_item_is_looked_for_within_a_bound_of_bytes(caller, world, query):
    job_id = job_of_large_items(caller)
    failure = {"workerId": "w", "error": {"type": "T", "retryable": False}}
    caller.post(f"/jobs/{job_id}/items/i299/fail", failure)
    read = payload_bytes_read(world.store)

    page = caller.get(f"/jobs/{job_id}/items", limit=1, **query).json

    assert page["nextCursor"]
    assert sum(read) < 5_000_000
    assert _listed(caller, job_id, **query) == ["i299"]


def _listed(caller, job_id, **query):
    names, cursor = [], {}
    while True:
        reply = caller.get(f"/jobs/{job_id}/items", **query, **cursor)
        assert reply.status == 200, reply.text
        names += [item["itemId"] for item in reply.json["items"]]
        if reply.json["nextCursor"] is None:
            return names
        cursor = {"cursor": reply.json["nextCursor"]}
