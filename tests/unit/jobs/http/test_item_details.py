"""Items with a kind, a group and a time of their own, and the policy's newer rules, over HTTP."""

import pytest

ITEM = {"itemId": "a", "kind": "resize", "group": "acme", "notBefore": "2026-11-21T10:00:05Z"}


@pytest.mark.parametrize("at_creation", [True, False])
def test_an_item_is_shown_as_it_was_registered(caller, at_creation):
    items = [ITEM, "b"]
    job_id = caller.new_job(items=items if at_creation else [])
    if not at_creation:
        caller.post(f"/jobs/{job_id}/items:register", {"items": items})

    item = caller.get(f"/jobs/{job_id}/items/a").json
    plain = caller.get(f"/jobs/{job_id}/items/b").json

    shown = ("kind", "group", "dueAt", "dispatch")
    assert [item[name] for name in shown] == ["resize", "acme", "2026-11-21T10:00:05.000Z", None]
    assert [plain[name] for name in shown] == [None] * 4
    registered = item["history"][0]
    assert (registered["kind"], registered["group"]) == ("resize", "acme")


def test_an_item_may_not_be_claimed_before_its_time(caller, world):
    job_id = caller.new_job(items=[ITEM])
    claim = f"/jobs/{job_id}/items/a/claim"

    early = caller.post(claim)
    world.clock.pass_seconds(5)
    in_time = caller.post(claim)

    assert (early.status, early.json["code"]) == (409, "not_due")
    assert in_time.json["outcome"] == "applied"


def test_a_group_that_sqs_would_refuse_names_field_and_rule(caller):
    job_id = caller.new_job()

    reply = caller.post(
        f"/jobs/{job_id}/items:register", {"items": [{"itemId": "a", "group": "two words"}]}
    )

    assert reply.wrong == {"items[0].group": "queue_characters"}


def test_a_fail_may_say_how_long_the_item_waits(caller):
    job_id = caller.new_job(items=["a"], policy={"maxAttempts": 2, "backoffBaseSeconds": 300})

    failed = caller.post(f"/jobs/{job_id}/items/a/fail", {"retryAfterSeconds": 7})

    assert failed.json["item"]["dueAt"] == "2026-11-21T10:00:07.000Z"


def test_jobs_that_do_not_dispatch_ignore_the_dispatch(caller):
    job_id = caller.new_job(items=["a"])

    claimed = caller.post(f"/jobs/{job_id}/items/a/claim", {"dispatch": 7, "workerId": "w"})

    assert (claimed.status, claimed.json["item"]["attempt"]) == (200, 1)


def test_a_command_that_is_of_no_message_names_the_dispatch_as_ignored(caller):
    job_id = caller.new_job(items=["a"])

    reply = caller.post(f"/jobs/{job_id}/items/a/cancel", {"dispatch": 7})

    assert [warning["field"] for warning in reply.json["warnings"]] == ["dispatch"]


def test_the_policy_is_shown_as_it_was_given(caller):
    policy = {"permanentErrors": ["Bad", "Worse", "Bad"], "runSeconds": 90}

    job_id = caller.new_job(policy=policy)

    shown = caller.get(f"/jobs/{job_id}").json["policy"]
    assert (shown["permanentErrors"], shown["runSeconds"]) == (["Bad", "Worse"], 90)


def test_a_permanent_error_fails_its_item_for_good(caller):
    policy = {"permanentErrors": ["Bad"], "maxAttempts": 5}
    job_id = caller.new_job(items=["a", "b"], policy=policy)

    states = [
        caller.post(f"/jobs/{job_id}/items/{item}/fail", {"error": {"type": error}}).json["item"]
        for item, error in (("a", "Bad"), ("b", "Passing"))
    ]

    assert [item["state"] for item in states] == ["FAILED", "PENDING"]


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ({"permanentErrors": []}, {"policy.permanentErrors": "min_items"}),
        ({"permanentErrors": ["E"] * 11}, {"policy.permanentErrors": "max_items"}),
        ({"permanentErrors": [""]}, {"policy.permanentErrors[0]": "min_length"}),
        ({"runSeconds": 0}, {"policy.runSeconds": "minimum"}),
        ({"runSeconds": 604_801}, {"policy.runSeconds": "maximum"}),
    ],
)
def test_a_wrong_policy_names_its_rule(caller, policy, wrong):
    assert caller.post("/jobs", {"name": "n", "policy": policy}).wrong == wrong
