"""`plannedItems` chooses the lanes and nothing else."""


def test_planned_items_change_nothing_but_the_lanes(caller):
    plain = caller.post("/jobs", {"name": "n", "lanes": 16}).json
    planned = caller.post("/jobs", {"name": "n", "plannedItems": 200_000}).json

    same = plain.keys() - {"jobId"}
    assert {name: planned[name] for name in same} == {name: plain[name] for name in same}


def test_the_planned_items_come_before_the_expected_ones_and_those_that_are_given(caller):
    job = caller.post(
        "/jobs",
        {"name": "n", "plannedItems": 200_000, "expectedItems": 3, "items": ["a"], "seal": True},
    ).json

    assert job["lanes"] == 16


def test_a_planned_job_is_filled_and_completes_only_when_it_is_sealed(caller):
    job_id = caller.new_job(plannedItems=2)
    caller.post(f"/jobs/{job_id}/items:register", {"items": ["a", "b", "c"]})
    for item in ("a", "b", "c"):
        caller.post(f"/jobs/{job_id}/items/{item}/complete")

    unknown = caller.post(f"/jobs/{job_id}/items/z/complete")
    open_job = caller.get(f"/jobs/{job_id}").json

    assert (unknown.status, unknown.json["code"]) == (404, "unknown_item")
    assert (open_job["sealed"], open_job["status"], open_job["total"]) == (False, "RUNNING", 3)
