"""Items over HTTP: registration, commands, lists."""

import pytest

from tests.support.large_items import job_of_large_items, payload_bytes_read


def test_a_thousand_items_are_registered_in_one_request_and_a_handful_of_commits(caller, world):
    job_id = caller.new_job()
    items = [f"item-{number}" for number in range(1000)]
    commits, commit_lane = [], world.store.commit_lane
    world.store.commit_lane = lambda commit, *args, **options: (
        commits.append(commit) or commit_lane(commit, *args, **options)
    )

    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": items})

    assert reply.status == 200
    assert reply.json["registered"] == 1000
    assert len(commits) <= 12
    assert caller.get(f"/jobs/{job_id}").json["pending"] == 1000


def test_items_that_are_known_are_not_registered_again(caller):
    job_id = caller.new_job(items=["a"])

    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": ["a", {"item_id": "b"}]})

    assert (reply.json["registered"], reply.json["alreadyExisted"]) == (1, 1)


def test_a_sealed_job_refuses_new_items_and_says_which(caller):
    job_id = caller.new_job(items=["a"], seal=True)

    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": ["a", "b"]})

    assert (reply.json["alreadyExisted"], reply.json["rejected"]) == (1, 1)
    assert reply.json["rejections"] == [{"itemId": "b", "reason": "job_sealed"}]


def test_a_registration_seals_the_job_when_that_was_all(caller):
    job_id = caller.new_job()

    caller.post(f"/jobs/{job_id}/items:register", {"items": ["a"], "seal": True})

    assert caller.get(f"/jobs/{job_id}").json["sealed"] is True


def test_commands_are_answered_with_the_outcome_and_the_item(caller):
    job_id = caller.new_job(items=["a"], policy={"leaseSeconds": 60})
    item = f"/jobs/{job_id}/items/a"

    claimed = caller.post(f"{item}/claim", {"workerId": "w"})
    beating = caller.post(f"{item}/heartbeat", {"attempt": 1, "leaseSeconds": 120})
    released = caller.post(f"{item}/release", {"attempt": 1})
    done = caller.post(f"{item}/complete", {"result": {"n": [1, 2.5, None]}})

    assert claimed.json["outcome"] == "applied"
    assert claimed.json["item"]["leaseUntil"] == "2026-11-21T10:01:00.000Z"
    assert beating.json["item"]["leaseUntil"] == "2026-11-21T10:02:00.000Z"
    assert released.json["item"]["state"] == "PENDING"
    assert done.json["item"]["state"] == "COMPLETED"
    assert done.json["item"]["result"] == {"n": [1, 2.5, None]}


def test_a_failed_item_can_be_retried(caller):
    job_id = caller.new_job(items=["a"], seal=True)
    item = f"/jobs/{job_id}/items/a"

    failed = caller.post(f"{item}/fail", {"error": {"type": "Timeout", "message": "slow"}})
    caller.post(f"/jobs/{job_id}/seal")
    finished = caller.get(f"/jobs/{job_id}").json
    retried = caller.post(f"{item}/retry")
    running = caller.get(f"/jobs/{job_id}").json

    assert failed.json["item"]["error"] == {
        "type": "Timeout",
        "message": "slow",
        "retryable": True,
    }
    assert finished["status"] == "COMPLETED_WITH_FAILURES"
    assert retried.json["item"]["state"] == "PENDING"
    assert (running["status"], running["epoch"]) == ("RUNNING", 2)


def test_a_failure_may_come_without_words(caller):
    job_id = caller.new_job(items=["a"])

    reply = caller.post(f"/jobs/{job_id}/items/a/fail", {})

    assert reply.json["item"]["error"]["type"] == "Error"


def test_a_refused_command_is_a_conflict_that_says_why_and_how_the_item_stands(caller):
    job_id = caller.new_job(items=["a"], policy={"leaseSeconds": 60})
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w-1"})

    reply = caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w-2"})

    assert (reply.status, reply.json["code"]) == (409, "lease_held")
    assert reply.json["outcome"] == "rejected"
    assert reply.json["item"]["workerId"] == "w-1"
    assert "lease" in reply.json["detail"]


def test_an_unknown_item_is_not_found_unless_its_job_registers_on_the_way(caller):
    strict, lenient = caller.new_job(), caller.new_job(autoRegister=True)

    refused = caller.post(f"/jobs/{strict}/items/a/claim")
    registered = caller.post(f"/jobs/{lenient}/items/a/claim")

    assert (refused.status, refused.json["code"]) == (404, "unknown_item")
    assert "item" not in refused.json
    assert registered.json["item"]["state"] == "IN_PROGRESS"


def test_a_job_with_expected_items_says_whether_they_are_registered_on_the_way(caller):
    unsaid = caller.new_job(expectedItems=2)
    strict = caller.new_job(expectedItems=2, autoRegister=False)

    typo = caller.post(f"/jobs/{strict}/items/invoice-l/complete")

    assert caller.get(f"/jobs/{unsaid}").json["autoRegister"] is True
    assert caller.get(f"/jobs/{strict}").json["autoRegister"] is False
    assert (typo.status, typo.json["code"]) == (404, "unknown_item")


@pytest.mark.parametrize(
    "item_id",
    [
        "a/b",
        "/a/",
        "a b",
        "100%",
        "a%2Fb",
        "x+y&z=1#2",
        "naïve-ключ-鍵-🔑",
        "claim",
        "a/claim",
        "a\n",
    ],
)
def test_an_item_id_may_hold_any_character(caller, item_id):
    job_id = caller.new_job(items=[item_id])

    claimed = caller.post(f"/jobs/{job_id}/items/{item_id}/claim")
    read = caller.get(f"/jobs/{job_id}/items/{item_id}")

    assert claimed.json["item"]["itemId"] == item_id
    assert read.json["itemId"] == item_id
    assert claimed.route == "POST /jobs/{jobId}/items/{itemId}/claim"


def test_a_function_url_hands_the_path_over_as_it_stood_in_the_request(caller):
    job_id = caller.new_job(items=["a/b 100%"])
    event = caller.event("GET", f"/jobs/{job_id}/items/a%2Fb%20100%25")
    event["requestContext"]["domainName"] = "abc.lambda-url.us-east-1.on.aws"

    reply = caller.send(event)

    assert reply.json["itemId"] == "a/b 100%"


def test_items_are_listed_page_by_page_over_the_lanes(caller):
    names = {f"item-{number:02}" for number in range(23)}
    job_id = caller.new_job(items=sorted(names), lanes=5)

    pages = list(_pages(caller, job_id, limit=4))

    listed = [item["itemId"] for page in pages for item in page["items"]]
    assert sorted(listed) == sorted(names)
    assert all(len(page["items"]) <= 4 for page in pages)


@pytest.mark.parametrize("state", ["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"])
def test_items_are_filtered_by_state(caller, state):
    job_id = caller.new_job(items=["p", "i", "c", "f"], lanes=3)
    caller.post(f"/jobs/{job_id}/items/i/claim")
    caller.post(f"/jobs/{job_id}/items/c/complete")
    caller.post(f"/jobs/{job_id}/items/f/fail")
    if state == "CANCELED":
        caller.post(f"/jobs/{job_id}/cancel")
    expected = {
        "PENDING": ["p"],
        "IN_PROGRESS": ["i"],
        "COMPLETED": ["c"],
        "FAILED": ["f"],
        "CANCELED": ["i", "p"],
    }

    pages = list(_pages(caller, job_id, limit=1, state=state))

    listed = [item for page in pages for item in page["items"]]
    assert sorted(item["itemId"] for item in listed) == expected[state]
    assert {item["state"] for item in listed} == {state}


def test_a_filtered_page_ends_when_enough_rows_were_looked_at(caller, monkeypatch):
    monkeypatch.setattr("forgeledger.jobs.usecases.read_items.SCANNED_ITEMS", 10)
    job_id = caller.new_job(items=[f"i{number:02}" for number in range(30)], lanes=1)
    caller.post(f"/jobs/{job_id}/items/i25/complete")

    pages = list(_pages(caller, job_id, limit=5, state="COMPLETED"))

    assert [item["itemId"] for page in pages for item in page["items"]] == ["i25"]
    assert len(pages) == 3


def test_a_page_of_large_items_fits_into_an_answer(caller):
    large = "x" * 30_000
    items = [{"itemId": f"i{number:03}", "payload": large} for number in range(100)]
    job_id = caller.new_job(items=items, lanes=1)

    pages = list(_pages(caller, job_id, limit=500))

    assert len(pages) == 2
    assert sum(len(page["items"]) for page in pages) == 100


@pytest.mark.parametrize("query", [{"state": "COMPLETED"}, {}])
def test_a_page_reads_no_more_bytes_than_its_bound(caller, world, query):
    job_id = job_of_large_items(caller)
    caller.post(f"/jobs/{job_id}/items/i299/complete")
    read = payload_bytes_read(world.store)

    page = caller.get(f"/jobs/{job_id}/items", limit=2_000, **query).json

    assert page["nextCursor"]
    assert sum(read) < 5_000_000


def test_an_item_that_nobody_registered_is_not_found(caller):
    job_id = caller.new_job()

    reply = caller.get(f"/jobs/{job_id}/items/a")

    assert (reply.status, reply.json["code"]) == (404, "unknown_item")


def _pages(caller, job_id, **query):
    cursor = {}
    while True:
        reply = caller.get(f"/jobs/{job_id}/items", **query, **cursor)
        assert reply.status == 200, reply.text
        yield reply.json
        if reply.json["nextCursor"] is None:
            return
        cursor = {"cursor": reply.json["nextCursor"]}
