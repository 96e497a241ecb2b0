"""An item with its history, over HTTP."""


def test_an_item_shows_its_history_oldest_first(caller, clock):
    job_id = caller.new_job(items=["a", "b"], lanes=1)
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"})
    caller.post(f"/jobs/{job_id}/items/b/claim", {"workerId": "w"})
    clock.pass_seconds(5)
    caller.post(f"/jobs/{job_id}/items/a/complete", {"result": 1})

    reply = caller.get(f"/jobs/{job_id}/items/a").json

    assert [event["type"] for event in reply["history"]] == ["registered", "claimed", "completed"]
    assert {event["itemId"] for event in reply["history"]} == {"a"}
    assert reply["history"][-1]["at"] == "2026-11-21T10:00:05.000Z"
    assert reply["truncated"] is False
    assert reply["nextCursor"] is None


def test_a_long_history_comes_in_parts(caller, monkeypatch):
    monkeypatch.setattr("forgeledger.jobs.usecases.read_items._HISTORY_ROWS", 3)
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/claim")
    for _ in range(6):
        caller.post(f"/jobs/{job_id}/items/a/heartbeat")

    path, cursor, offsets = f"/jobs/{job_id}/items/a", {}, []
    while True:
        reply = caller.get(path, **cursor).json
        offsets = [event["offset"] for event in reply["history"]] + offsets
        assert reply["truncated"] is (reply["nextCursor"] is not None)
        if reply["nextCursor"] is None:
            break
        cursor = {"cursor": reply["nextCursor"]}

    assert offsets == list(range(8))


def test_an_item_canceled_with_its_lane_shows_when_the_lane_closed(caller):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/cancel")

    reply = caller.get(f"/jobs/{job_id}/items/a").json

    assert reply["state"] == "CANCELED"
    assert [event["type"] for event in reply["history"]] == ["registered", "gated"]
    assert reply["history"][-1]["mode"] == "closed"


def test_an_item_shows_the_closing_that_canceled_it_and_none_that_came_later(caller, clock):
    job_id = caller.new_job(items=["a", "b"])
    caller.post(f"/jobs/{job_id}/items/b/fail")
    closings = []
    for _ in range(3):
        clock.pass_seconds(1)
        caller.post(f"/jobs/{job_id}/cancel")
        closings.append(caller.get(f"/jobs/{job_id}").json["completedAt"])
        caller.post(f"/jobs/{job_id}/reopen")
    caller.post(f"/jobs/{job_id}/items/b/retry")
    caller.post(f"/jobs/{job_id}/cancel")

    refused = caller.post(f"/jobs/{job_id}/items/a/claim")
    first, second = (caller.get(f"/jobs/{job_id}/items/{item}").json["history"] for item in "ab")

    assert refused.json["code"] == "already_canceled"
    assert [event["type"] for event in first] == ["registered", "gated", "rejected"]
    assert first[1]["at"] == closings[0]
    assert [event["type"] for event in second] == ["registered", "failed", "retried", "gated"]
    assert second[3]["offset"] > second[2]["offset"]


def test_a_closing_whose_row_is_gone_is_left_out_not_replaced(caller, world):
    job_id = caller.new_job(items=["a"])
    for _ in range(2):
        caller.post(f"/jobs/{job_id}/cancel")
        caller.post(f"/jobs/{job_id}/reopen")
    world.keep_journal_rows(lambda row: row.offset != 1)

    reply = caller.get(f"/jobs/{job_id}/items/a").json

    assert (reply["state"], [event["type"] for event in reply["history"]]) == (
        "CANCELED",
        ["registered"],
    )


def test_a_history_whose_rows_are_gone_ends_where_they_end(caller, world):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/claim")
    caller.post(f"/jobs/{job_id}/cancel")
    world.keep_journal_rows(lambda row: row.offset == 1)

    reply = caller.get(f"/jobs/{job_id}/items/a").json

    assert [event["type"] for event in reply["history"]] == ["claimed"]
    assert reply["truncated"] is False
