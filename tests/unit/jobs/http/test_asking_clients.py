"""The journal over HTTP tells who asked for what, whichever route it came by."""

import pytest

BY_THE_LEDGER = {"job.first_failure", "job.completed", "job.failed"}


def events_of(caller, job_id):
    return caller.get(f"/jobs/{job_id}/events", limit=500).json["events"]


def askers(events):
    return {event["type"]: event.get("clientId") for event in events}


@pytest.mark.parametrize("items", [["a", "b"], [f"i{n}" for n in range(200)]])
def test_a_job_created_with_its_items_is_the_operators(caller, items):
    job_id = caller.new_job(items=items, seal=True, lanes=2)

    asked = askers(events_of(caller, job_id))

    assert asked == dict.fromkeys(["job.created", "job.sealed", "registered", "gated"], "operator")


def test_every_command_route_names_the_operator(caller):
    routes = [path for method, path, _ in caller.api.app.table if "{itemId}/" in path]
    job_id = caller.new_job(lanes=1)

    for number, route in enumerate(routes):
        caller.post(f"/jobs/{job_id}/items:register", {"items": [f"i{number}"]})
        caller.post(route.format(jobId=job_id, itemId=f"i{number}"))

    events = events_of(caller, job_id)
    assert len(routes) >= 6
    assert len(events) == 1 + 2 * len(routes), "the creation, and two for each item"
    assert {event.get("clientId") for event in events} == {"operator"}


def test_a_refused_command_names_the_operator(caller):
    job_id = caller.new_job()
    caller.post(f"/jobs/{job_id}/items/nobody/claim")

    assert askers(events_of(caller, job_id))["rejected"] == "operator"


def test_every_change_of_a_job_names_the_operator_and_its_own_end_nobody(caller):
    job_id = caller.new_job(items=["a"], lanes=2)
    caller.post(f"/jobs/{job_id}/items/a/fail", {"error": {"type": "Bad", "retryable": False}})
    caller.post(f"/jobs/{job_id}/seal")
    caller.post(f"/jobs/{job_id}/items/a/retry")
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen")

    events = events_of(caller, job_id)

    reopened = [event for event in events if event["type"] == "job.reopened"]
    assert len(reopened) == 2
    for event in events:
        expected = None if event["type"] in BY_THE_LEDGER else "operator"
        assert event.get("clientId") == expected, event
    assert BY_THE_LEDGER & askers(events).keys() == {"job.first_failure", "job.completed"}


def test_a_registration_that_seals_names_the_operator(caller):
    job_id = caller.new_job(lanes=1)
    caller.post(f"/jobs/{job_id}/items:register", {"items": ["a"], "seal": True})

    assert askers(events_of(caller, job_id))["job.sealed"] == "operator"


def test_the_history_of_an_item_tells_who_asked(caller):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w-3"})
    caller.post(f"/jobs/{job_id}/cancel")

    history = caller.get(f"/jobs/{job_id}/items/a").json["history"]

    assert askers(history) == dict.fromkeys(["registered", "claimed", "gated"], "operator")


def test_with_a_key_it_is_the_operators_too(world):
    caller = world.caller(lambda: "secret", x_api_key="secret")

    job_id = caller.new_job()

    assert askers(events_of(caller, job_id)) == {"job.created": "operator"}


def test_a_request_cannot_name_its_client_itself(caller):
    reply = caller.post(
        "/jobs", {"name": "nightly", "clientId": "somebody"}, x_client_id="somebody"
    )

    assert reply.status == 201
    assert askers(events_of(caller, reply.json["jobId"])) == {"job.created": "operator"}
