import pytest

from tests.support.api_callers import Context


def test_a_request_without_time_left_is_answered_so_and_may_be_repeated(caller, world, monkeypatch):
    job_id = caller.new_job()
    body = {"items": [f"item-{n}" for n in range(200)]}
    remaining_ms = iter([29_000] * 3 + [15_000] * 10)
    with monkeypatch.context() as slow:
        slow.setattr(Context, "get_remaining_time_in_millis", lambda _: next(remaining_ms))

        cut = caller.post(f"/jobs/{job_id}/items:register", body)

    again = caller.post(f"/jobs/{job_id}/items:register", body)
    assert (cut.status, cut.json["code"]) == (503, "out_of_time")
    assert cut.headers["Retry-After"] == "1"
    assert again.json["alreadyExisted"] > 0
    assert again.json["registered"] + again.json["alreadyExisted"] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs", {"name": "late", "items": ["a"]}),
        ("/jobs", {"name": "late", "seal": True}),
        ("/jobs/{job_id}/items/a/claim", {}),
        ("/jobs/{job_id}/seal", None),
        ("/jobs/{job_id}/cancel", None),
        ("/jobs/{job_id}/reopen", None),
    ],
)
def test_no_route_that_writes_goes_on_when_time_is_over(caller, monkeypatch, path, body):
    job_id = caller.new_job(items=["a"])
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 14_000)

    cut = caller.post(path.format(job_id=job_id), body)

    assert (cut.status, cut.json["code"]) == (503, "out_of_time")


@pytest.mark.parametrize("checks", range(1, 8))
def test_a_cancel_that_was_cut_off_anywhere_is_finished_by_the_next_one(
    caller, monkeypatch, checks
):
    job_id = caller.new_job(items=[f"item-{n}" for n in range(9)], lanes=3)
    remaining_ms = iter([29_000] * checks)
    with monkeypatch.context() as slow:
        slow.setattr(Context, "get_remaining_time_in_millis", lambda _: next(remaining_ms, 0))

        cut = caller.post(f"/jobs/{job_id}/cancel")

    again = caller.post(f"/jobs/{job_id}/cancel")
    assert cut.json["code"] == "out_of_time"
    assert (again.status, again.json["job"]["status"]) == (200, "CANCELED")
    assert again.json["job"]["canceled"] == 9
