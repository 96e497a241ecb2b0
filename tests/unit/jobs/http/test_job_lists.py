"""The list of jobs: its pages, its filters, and what it shows."""

from forgeledger.jobs.model.progress import Progress


def test_jobs_are_listed_newest_first_page_by_page(caller, clock):
    created = []
    for _ in range(5):
        created.append(caller.new_job())
        clock.pass_seconds(1)

    listed, cursor = [], {}
    while True:
        page = caller.get("/jobs", limit=2, **cursor).json
        listed += [job["jobId"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}

    assert listed == created[::-1]


def test_jobs_are_filtered_by_status_and_tag(caller):
    done = caller.new_job(seal=True, tags=["x"])
    running = caller.new_job(tags=["x"])
    caller.new_job(tags=["y"])

    by_tag = caller.get("/jobs", tag="x").json["jobs"]
    by_both = caller.get("/jobs", tag="x", status="COMPLETED").json["jobs"]

    assert {job["jobId"] for job in by_tag} == {done, running}
    assert [job["jobId"] for job in by_both] == [done]


def test_a_finished_job_whose_progress_has_expired_is_listed_with_its_counts(caller, world):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/seal")
    world.store._records[job_id].progress = Progress()

    (job,) = caller.get("/jobs").json["jobs"]

    assert (job["status"], job["completed"], job["progress"]) == ("COMPLETED", 1, 1.0)


def test_jobs_are_found_by_a_part_of_their_name(caller):
    first = caller.new_job(name="Invoices of November", tags=["x"])
    second = caller.new_job(name="old invoices")
    caller.new_job(name="letters", tags=["x"])

    by_name = caller.get("/jobs", name="invoices").json["jobs"]
    by_both = caller.get("/jobs", name="of nov", tag="x").json["jobs"]

    assert {job["jobId"] for job in by_name} == {first, second}
    assert [job["jobId"] for job in by_both] == [first]


def test_a_cursor_of_jobs_belongs_to_the_name_that_was_asked_for(caller):
    for _ in range(2):
        caller.new_job(name="invoices")
    cursor = caller.get("/jobs", name="inv", limit=1).json["nextCursor"]

    other = caller.get("/jobs", name="invo", limit=1, cursor=cursor)
    following = caller.get("/jobs", name="inv", limit=1, cursor=cursor)

    assert (other.status, other.json["errors"][0]["rule"]) == (422, "cursor")
    assert len(following.json["jobs"]) == 1


def test_an_empty_name_is_refused(caller):
    reply = caller.get("/jobs", name="")

    assert [(error["field"], error["rule"]) for error in reply.json["errors"]] == [
        ("name", "min_length")
    ]
