"""The journal over HTTP: all events, page by page, continued by cursor."""


def test_the_journal_shows_facts_and_events_by_time(caller, clock):
    job_id = caller.new_job(items=["a"], lanes=2)
    clock.pass_seconds(1)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    clock.pass_seconds(1)
    caller.post(f"/jobs/{job_id}/seal")

    page = caller.get(f"/jobs/{job_id}/events").json

    types = [event["type"] for event in page["events"]]
    times = [event["at"] for event in page["events"]]
    assert times == sorted(times)
    assert types[:3] == ["job.created", "registered", "completed"]
    assert sorted(types[3:]) == ["gated", "gated", "job.completed", "job.sealed"]
    assert page["more"] is False
    completed = next(event for event in page["events"] if event["type"] == "job.completed")
    assert completed["eventId"] == f"{job_id}:1:job.completed"
    assert completed["counts"]["completed"] == 1
    assert "lane" not in completed


def test_the_journal_in_parts_is_the_journal_in_one(caller, clock):
    job_id = caller.new_job(items=[f"i{number}" for number in range(50)], lanes=7)
    for number in range(0, 50, 3):
        caller.post(f"/jobs/{job_id}/items/i{number}/complete")
        clock.pass_seconds(1)
    whole = caller.get(f"/jobs/{job_id}/events", limit=500).json["events"]

    parts, cursor, more = [], {}, True
    while more:
        page = caller.get(f"/jobs/{job_id}/events", limit=7, **cursor).json
        assert len(page["events"]) <= 7
        parts += page["events"]
        cursor, more = {"from": page["nextCursor"]}, page["more"]

    assert parts == whole


def test_a_cursor_goes_on_after_the_journal_has_grown(caller):
    job_id = caller.new_job(items=["a", "b"], lanes=3)
    first = caller.get(f"/jobs/{job_id}/events").json
    caller.post(f"/jobs/{job_id}/items/a/complete")

    then = caller.get(f"/jobs/{job_id}/events", **{"from": first["nextCursor"]}).json
    at_the_end = caller.get(f"/jobs/{job_id}/events", **{"from": then["nextCursor"]}).json

    assert [event["type"] for event in then["events"]] == ["completed"]
    assert at_the_end["events"] == []
    assert at_the_end["nextCursor"] == then["nextCursor"]


def test_the_cursor_of_the_journal_goes_by_the_name_it_has_in_other_lists_too(caller):
    job_id = caller.new_job(items=["a", "b"], lanes=3)
    events = f"/jobs/{job_id}/events"
    first = caller.get(events, limit=2).json["nextCursor"]

    by_from = caller.get(events, **{"from": first})
    by_cursor = caller.get(events, cursor=first)
    by_both = caller.get(events, cursor=first, **{"from": first})

    assert by_from.json["events"]
    assert by_cursor.json == by_both.json == by_from.json


def test_two_names_of_a_cursor_that_differ_are_refused(caller):
    job_id = caller.new_job(items=["a"])
    events = f"/jobs/{job_id}/events"
    first = caller.get(events, limit=1).json["nextCursor"]
    second = caller.get(events, cursor=first).json["nextCursor"]

    reply = caller.get(events, cursor=first, **{"from": second})

    assert (reply.status, reply.wrong) == (422, {"cursor": "cursor"})


def test_each_lane_keeps_its_order_where_clocks_disagree(caller, clock):
    job_id = caller.new_job(items=["a", "b"], lanes=2)
    clock.pass_seconds(10)
    caller.post(f"/jobs/{job_id}/items/a/claim")
    clock.pass_seconds(-9)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/items/b/complete")

    events = caller.get(f"/jobs/{job_id}/events").json["events"]

    for lane in (0, 1):
        offsets = [event["offset"] for event in events if event.get("lane") == lane]
        assert offsets == sorted(offsets)


def test_events_past_their_retention_are_passed_over(caller, world):
    job_id = caller.new_job(items=["a"], lanes=1)
    caller.post(f"/jobs/{job_id}/items/a/claim")
    caller.post(f"/jobs/{job_id}/items/a/complete")
    world.keep_journal_rows(lambda row: row.offset == 2)

    page = caller.get(f"/jobs/{job_id}/events").json

    assert [event["type"] for event in page["events"]] == ["job.created", "completed"]
    assert page["more"] is False


def test_a_lane_of_which_nothing_is_left_is_at_its_end(caller, world):
    job_id = caller.new_job(items=["a"], lanes=1)
    world.keep_journal_rows(lambda _: False)

    page = caller.get(f"/jobs/{job_id}/events").json

    assert [event["type"] for event in page["events"]] == ["job.created"]
    assert page["more"] is False


def test_a_page_of_large_events_fits_into_an_answer(caller):
    items = [{"itemId": f"i{number:03}", "payload": "ü" * 15_000} for number in range(100)]
    job_id = caller.new_job(items=items, lanes=1)

    page = caller.get(f"/jobs/{job_id}/events", limit=500)

    assert len(page.text.encode()) < 3_000_000
    assert page.json["more"] is True


def test_refusals_are_in_the_journal_with_their_reason(caller):
    job_id = caller.new_job()
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w", "attempt": 3})

    event = caller.get(f"/jobs/{job_id}/events").json["events"][-1]

    assert (event["type"], event["command"], event["reason"]) == (
        "rejected",
        "claim",
        "unknown_item",
    )
    assert (event["itemId"], event["workerId"], event["attempt"]) == ("a", "w", 3)
