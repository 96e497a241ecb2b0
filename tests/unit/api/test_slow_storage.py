import pytest

from tests.api_callers import Context


def test_a_request_whose_time_is_over_is_told_so_and_may_be_repeated(caller, world, monkeypatch):
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


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{job_id}/items/a/claim"])
def test_no_route_that_writes_goes_on_when_time_is_over(caller, monkeypatch, path):
    job_id = caller.new_job(items=["a"])
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 14_000)
    body = {"name": "late", "items": ["a"]} if path == "/jobs" else {}

    cut = caller.post(path.format(job_id=job_id), body)

    assert (cut.status, cut.json["code"]) == (503, "out_of_time")
