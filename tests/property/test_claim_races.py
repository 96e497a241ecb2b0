"""Workers that ask before they begin, on the real rules: lost answers, crashes, late ends."""

import json
import random
from urllib.parse import urlsplit

import pytest

from forgeledger.jobs.http.command_routes import _reason_of
from forgeledger.jobs.http.item_bodies import item_body
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.api.item_commands import ItemCommands
from forgeledger.sdk.api.transport import HttpResponse
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import NoAnswerError
from forgeledger.sdk.work.item_claims import ItemClaims
from forgeledger.sdk.work.work_message import WorkMessage
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

ITEMS = ("a", "b")
LEASE_SECONDS, MAX_ATTEMPTS = 30, 3
STEPS = 120


class ClaimWorld:
    """One ledger, a command queue with delay, and workers of which each may crash."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ledger = Ledger(MemoryStore())
        rules = LaneRules(lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS)
        self.job_id = self.ledger.job(lanes=1, rules=rules)
        self.ledger.do(self.job_id, "register", *ITEMS)
        self.on_the_way = []
        self.duplicates = self.lost = self.made = 0
        self.workers = [AskingWorker(self), AskingWorker(self)]

    @property
    def seconds(self):
        return self.ledger.now / 1_000

    def item(self, item_id):
        return self.ledger.store.load_lane(self.job_id, 0, [item_id]).items[item_id]

    def __call__(self, request):
        """The API: some requests or answers get lost."""
        kind, item_id = (urlsplit(request.url).path.split("/")[n] for n in (-1, -2))
        fate = self.random.random()
        if fate < 0.1:
            raise NoAnswerError("POST", request.url, "the request is lost")
        body, key = json.loads(request.body), request.headers["idempotency-key"]
        fields = {"worker_id": body.get("workerId"), "attempt": body.get("attempt")}
        (outcome,) = self.ledger.do(self.job_id, kind, item_id, command_id=key, **fields)
        if fate < 0.3:
            self.lost += 1
            raise NoAnswerError("POST", request.url, "the answer is lost")
        self.duplicates += outcome.kind == "duplicate"
        reason = _reason_of(CommandKind(kind), outcome)
        item = item_body(outcome.item).model_dump(mode="json", by_alias=True)
        answer = {"outcome": "rejected" if reason else outcome.kind, "item": item}
        if reason:
            answer |= {"code": reason, "type": f"urn:forgeledger:problem:{reason}"}
        return HttpResponse(status=409 if reason else 200, body=json.dumps(answer).encode())

    def deliver_end(self):
        """The ends of a lane arrive in order, however late."""
        if self.on_the_way:
            kind, item_id, attempt = self.on_the_way.pop(0)
            failure = Failure(type="Error") if kind == "fail" else None
            self.ledger.do(self.job_id, kind, item_id, attempt=attempt, failure=failure)


class AskingWorker:
    def __init__(self, world):
        self.world = world
        self.start()

    def start(self):
        world = self.world
        world.made += 1
        self.name, self.running = f"w-{world.made}", {}
        backoff = Backoff(attempts=2, first_seconds=0, most_seconds=0)
        api = ApiClient("https://api", world, backoff=backoff, sleep=lambda _: None)
        self.claims = ItemClaims(ItemCommands(api), ItemCommands(api), clock=lambda: world.seconds)

    def receive(self, item_id):
        """A work message of the item, one of several, comes to this worker."""
        world, work = self.world, WorkMessage(job_id=self.world.job_id, item_id=item_id, attempt=1)
        before = world.item(item_id)
        admission = self.claims.claim(work, self.name, None)
        if admission.action == "drop":
            assert world.item(item_id).finished
        if admission.action != "run":
            return
        assert not before.finished
        assert admission.attempt == world.item(item_id).attempt
        ended = {(name, attempt) for _, name, attempt in world.on_the_way}
        assert (item_id, admission.attempt) not in ended
        for worker in world.workers:
            # Nobody else runs it, unless the lease of its claim is over.
            until = worker.running.get(item_id, (0, 0))[1]
            assert until <= world.ledger.now
        self.running[item_id] = admission.attempt, world.item(item_id).lease_until

    def end(self, item_id, kind):
        attempt, _ = self.running.pop(item_id)
        work = WorkMessage(job_id=self.world.job_id, item_id=item_id, attempt=1)
        self.world.on_the_way.append((kind, item_id, attempt))
        self.claims.note_end(work, attempt)
        self.claims.leave(work)


def step(world):
    worker, item_id = world.random.choice(world.workers), world.random.choice(ITEMS)
    match world.random.choice(["receive", "receive", "end", "end", "arrive", "time", "crash"]):
        case "receive":
            worker.receive(item_id)
        case "end" if item_id in worker.running:
            worker.end(item_id, world.random.choice(["complete", "fail", "fail"]))
        case "arrive":
            world.deliver_end()
        case "time":
            world.ledger.now += world.random.choice([1, 1, 5, 40]) * 1_000
        case "crash" if world.random.random() < 0.3:
            worker.start()


def finish(world):
    """Without further faults every item comes to its end, since its messages come again."""
    for _ in range(4 * MAX_ATTEMPTS * 10):
        for worker in world.workers:
            for item_id in list(worker.running):
                worker.end(item_id, "complete")
        while world.on_the_way:
            world.deliver_end()
        world.ledger.now += (LEASE_SECONDS + 31) * 1_000
        for item_id in ITEMS:
            world.random.choice(world.workers).receive(item_id)
    assert all(world.item(item_id).finished for item_id in ITEMS)


@pytest.mark.parametrize("seed", range(60))
def test_no_two_workers_run_an_item_within_a_lease_and_none_runs_one_that_is_over(seed):
    world = ClaimWorld(seed)

    for _ in range(STEPS):
        step(world)
    finish(world)

    (head,) = world.ledger.view(world.job_id).heads
    assert head.counts.completed + head.counts.failed == len(ITEMS)


def test_the_histories_lose_answers_and_repeat_claims():
    worlds = [ClaimWorld(seed) for seed in range(20)]
    for world in worlds:
        for _ in range(STEPS):
            step(world)

    assert sum(world.lost for world in worlds) > 20
    assert sum(world.duplicates for world in worlds) > 20
