"""Jobs that the ledger hands out itself, over HTTP: what goes together, and the defaults."""

import pytest

from forgeledger.jobs.model.jobs import DispatchSpec

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
WORK = {"kind": "resize", "payload": {"pages": 3}}


def created(world, caller, **fields):
    job_id = caller.new_job(**fields)
    return world.store.load_job(job_id).job


def test_a_job_with_dispatch_has_leases_and_registers_nothing_on_the_way(world, caller):
    job = created(world, caller, dispatch={"maxInFlight": 50}, expectedItems=2)

    assert job.spec.dispatch == DispatchSpec(max_in_flight=50)
    assert job.spec.rules.dispatched
    assert job.spec.rules.lease_seconds == 300
    assert not job.spec.rules.registers_on_the_way


def test_all_of_dispatch_is_optional(world, caller):
    job = created(world, caller, dispatch={}, policy={"leaseSeconds": 60})

    assert job.spec.dispatch == DispatchSpec()
    assert job.spec.rules.lease_seconds == 60


@pytest.mark.parametrize(
    ("fields", "lanes"),
    [
        ({"dispatch": {"maxInFlight": 2}}, 2),
        ({"dispatch": {}}, 4),
        ({"lanes": 3, "dispatch": {}}, 3),
    ],
)
def test_a_small_window_lowers_the_number_of_lanes(world, caller, fields, lanes):
    assert created(world, caller, **fields).spec.lanes == lanes


def test_work_is_a_job_of_one_item_sealed_and_dispatched(world, caller):
    job = created(world, caller, work={**WORK, "runSeconds": 60})

    (item,) = world.store.list_items(job.job_id, 0, None, 10).items
    rules = job.spec.rules
    assert (item.item_id, item.kind, item.payload) == ("1", "resize", '{"pages":3}')
    assert job.sealed
    assert job.spec.dispatch == DispatchSpec()
    assert (rules.max_attempts, rules.run_seconds, rules.lease_seconds) == (4, 60, 300)
    assert (rules.backoff_base_seconds, rules.backoff_cap_seconds) == (1, 30)


def test_what_the_policy_of_work_says_is_taken(world, caller):
    job = created(world, caller, work=WORK, policy={"maxAttempts": 1, "leaseSeconds": 30})

    assert (job.spec.rules.max_attempts, job.spec.rules.lease_seconds) == (1, 30)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"dispatch": {}, "autoRegister": True}, {"autoRegister": "excluded"}),
        (
            {"dispatch": {}, "policy": {"leaseSeconds": 0}},
            {"policy.leaseSeconds": "lease_required"},
        ),
        ({"dispatch": {"maxInFlight": 2}, "lanes": 4}, {"lanes": "maximum"}),
        ({"dispatch": {"queueArn": QUEUE}}, {"dispatch.queueArn": "queue_not_listed"}),
        ({"work": WORK, "items": ["a"]}, {"items": "excluded"}),
        (
            {"work": WORK, "lanes": 1, "expectedItems": 1},
            {"lanes": "excluded", "expectedItems": "excluded"},
        ),
        (
            {"work": {**WORK, "runSeconds": 5}, "policy": {"runSeconds": 5}},
            {"policy.runSeconds": "excluded"},
        ),
        ({"dispatch": {"maxInFlight": 0}}, {"dispatch.maxInFlight": "minimum"}),
        ({"dispatch": {"maxInflight": 1}}, {"dispatch.maxInflight": "unknown"}),
        ({"dispatch": {"fairnessKey": "a b"}}, {"dispatch.fairnessKey": "queue_characters"}),
        ({"dispatch": {"itemsPerMessage": 101}}, {"dispatch.itemsPerMessage": "maximum"}),
        ({"dispatch": {"queueArn": "orders"}}, {"dispatch.queueArn": "type"}),
        ({"work": {"payload": 1}}, {"work.kind": "required"}),
    ],
)
def test_what_does_not_go_together_is_refused_and_makes_no_job(world, caller, fields, wrong):
    reply = caller.post("/jobs", {"name": "n", **fields})

    assert reply.status == 422
    assert reply.wrong == wrong
    assert caller.get("/jobs").json["jobs"] == []


def test_with_execution_off_nothing_is_dispatched(world):
    world.execution = False
    caller = world.caller()

    assert caller.post("/jobs", {"name": "n", "dispatch": {}}).wrong == {
        "dispatch": "execution_off"
    }
    assert caller.post("/jobs", {"name": "n", "work": WORK}).wrong == {"work": "execution_off"}


@pytest.mark.parametrize(
    ("dispatch", "wrong"),
    [
        ({"itemsPerMessage": 2}, {"dispatch.itemsPerMessage": "maximum"}),
        ({"fairnessKey": "acme"}, {"dispatch.fairnessKey": "excluded"}),
        ({}, None),
    ],
)
def test_a_listed_queue_may_be_used_and_a_fifo_queue_has_its_own_order(world, dispatch, wrong):
    world.queue_arns = (QUEUE + ".fifo",)
    caller = world.caller()

    reply = caller.post(
        "/jobs", {"name": "n", "dispatch": {**dispatch, "queueArn": QUEUE + ".fifo"}}
    )

    assert (reply.status, reply.wrong if wrong else None) == (422 if wrong else 201, wrong)
