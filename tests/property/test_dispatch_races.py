"""Workers that ask, on messages that the ledger sends: doubled, redelivered, late, deleted early.

No lease is swept and no dead message is looked at: an item ends only if no message that it needs is
ever dropped.
"""

import json
import random
from urllib.parse import urlsplit

import pytest

from forgeledger.jobs.http.command_routes import _reason_of
from forgeledger.jobs.http.item_bodies import item_body
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.sdk.api.transport import HttpResponse
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import NoAnswerError
from forgeledger.sdk.seams import Seams
from forgeledger.sdk.work.ended_items import EndedItems
from forgeledger.sdk.work.ledger_link import LedgerLink
from forgeledger.sdk.work.linked_item import LinkedItem
from forgeledger.sdk.work.work_message import read_work
from forgeledger.unknown_fields import UnknownFields
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

ITEMS = ("a", "b")
LEASE_SECONDS, MAX_ATTEMPTS, HIDDEN_SECONDS = 30, 3, 20
STEPS = 150
MOVES = ["dispatch", "receive", "receive", "end", "end", "arrive", "time", "crash"]


class Message:
    def __init__(self, body):
        self.body, self.receives, self.visible_at = body, 0, 0


class DispatchWorld:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ledger = Ledger(MemoryStore())
        rules = LaneRules(dispatched=True, lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS)
        self.job_id = self.ledger.job(lanes=1, rules=rules)
        self.ledger.do(self.job_id, "register", *ITEMS)
        self.sent, self.messages, self.on_the_way = set(), [], []
        self.made = self.dropped = self.stale = 0
        self.workers = [DispatchedWorker(self), DispatchedWorker(self)]

    def item(self, item_id):
        return self.ledger.store.load_lane(self.job_id, 0, [item_id]).items[item_id]

    def dispatch(self):
        """Each dispatch is sent once, or by two flights of which one knew nothing of the other."""
        for item_id in ITEMS:
            item = self.item(item_id)
            number = item.attempt + 1
            if item.state != "PENDING" or (item_id, number) in self.sent:
                continue
            self.sent.add((item_id, number))
            message = {"jobId": self.job_id, "itemId": item_id, "attempt": number}
            body = json.dumps({**message, "redelivery": "ledger", "leaseSeconds": LEASE_SECONDS})
            self.messages += [Message(body) for _ in range(self.random.choice([1, 1, 2]))]

    def visible(self):
        return [m for m in self.messages if m.visible_at <= self.ledger.now]

    def __call__(self, request):
        """The API: some requests or answers get lost."""
        kind, item_id = (urlsplit(request.url).path.split("/")[n] for n in (-1, -2))
        fate = self.random.random()
        if fate < 0.1:
            raise NoAnswerError("POST", request.url, "the request is lost")
        body, key = json.loads(request.body), request.headers["idempotency-key"]
        fields = {"attempt": body.get("attempt"), "dispatch": body.get("dispatch")}
        fields["worker_id"] = body.get("workerId")
        (outcome,) = self.ledger.do(self.job_id, kind, item_id, command_id=key, **fields)
        if fate < 0.3:
            raise NoAnswerError("POST", request.url, "the answer is lost")
        reason = _reason_of(CommandKind(kind), outcome)
        self.stale += reason == "stale_attempt"
        item = item_body(outcome.item).model_dump(mode="json", by_alias=True)
        answer = {"outcome": "rejected" if reason else outcome.kind, "item": item}
        if reason:
            answer |= {"code": reason, "type": f"urn:forgeledger:problem:{reason}"}
        return HttpResponse(status=409 if reason else 200, body=json.dumps(answer).encode())

    def deliver_end(self):
        if self.on_the_way:
            kind, item_id, attempt, dispatch = self.on_the_way.pop(0)
            failure = Failure(type="Error") if kind == "fail" else None
            fields = {"attempt": attempt, "dispatch": dispatch, "failure": failure}
            self.ledger.do(self.job_id, kind, item_id, **fields)


class DispatchedWorker:
    def __init__(self, world):
        self.world = world
        self.start()

    def start(self):
        world = self.world
        world.made += 1
        self.name, self.running = f"w-{world.made}", {}
        seams = Seams(transport=world, clock=lambda: world.ledger.now / 1_000, sleep=lambda _: None)
        self.link = LedgerLink(Endpoints(api_url="https://api"), "ask", seams)

    def receive(self, message):
        world = self.world
        message.receives += 1
        message.visible_at = world.ledger.now + HIDDEN_SECONDS * 1_000
        (work,) = read_work(message.body, message.receives, UnknownFields())
        before = world.item(work.item_id)
        admission = self.link.admit(work, None, self.name, None)
        if admission.action == "drop":
            world.messages.remove(message)
            world.dropped += 1
            return
        if admission.action == "hand_back":
            message.visible_at = world.ledger.now + admission.wait_seconds * 1_000
            return
        assert not before.finished
        is_mine = before.state == "IN_PROGRESS" and before.worker_id == self.name
        ends = {(name, attempt) for _, name, attempt, _ in world.on_the_way}
        own_end = is_mine and (work.item_id, before.attempt) in ends
        assert not own_end, "its own end is on the way"
        item = world.item(work.item_id)
        assert (admission.attempt, work.dispatch) == (item.attempt, item.dispatch)
        for worker in world.workers:
            # Nobody else runs it, unless the lease of its claim is over.
            assert all(
                until <= world.ledger.now
                for other, _, _, until in worker.running.values()
                if other.item_id == work.item_id
            )
        linked = LinkedItem(self.link, work, admission, None)
        receipt = message, message.receives
        self.running[work.item_id] = work, linked, receipt, item.lease_until

    def end(self, item_id, kind, *, is_accepted=True, is_deleted=True):
        work, linked, (message, receives), _ = self.running.pop(item_id)
        if is_accepted:
            attempt = linked._attempt
            self.world.on_the_way.append((kind, item_id, attempt, work.dispatch))
            # SQS deletes a message only by the receipt of its latest delivery.
            if is_deleted and message.receives == receives:
                self.world.messages.remove(message)
        linked.settle(is_accepted)


def step(world):
    worker, item_id = world.random.choice(world.workers), world.random.choice(ITEMS)
    match world.random.choice(MOVES):
        case "dispatch":
            world.dispatch()
        case "receive" if visible := world.visible():
            worker.receive(world.random.choice(visible))
        case "end" if item_id in worker.running:
            worker.end(
                item_id,
                world.random.choice(["complete", "fail", "fail", "release"]),
                is_accepted=world.random.random() < 0.9,
                is_deleted=world.random.random() < 0.8,
            )
        case "arrive":
            world.deliver_end()
        case "time":
            world.ledger.now += world.random.choice([1, 5, 25, 40]) * 1_000
        case "crash" if world.random.random() < 0.3:
            worker.start()


def play(seed):
    """A history, and then, without further faults, until every item should have ended."""
    world = DispatchWorld(seed)
    for _ in range(STEPS):
        step(world)
    for _ in range(100):
        for worker in world.workers:
            for item_id in list(worker.running):
                worker.end(item_id, "complete")
        while world.on_the_way:
            world.deliver_end()
        world.dispatch()
        world.ledger.now += (LEASE_SECONDS + 31) * 1_000
        for message in world.visible():
            world.random.choice(world.workers).receive(message)
    return world


def is_over(world):
    return all(world.item(item_id).finished for item_id in ITEMS)


@pytest.mark.parametrize("seed", range(60))
def test_every_item_ends_and_no_two_workers_run_it_within_a_lease(seed):
    world = play(seed)

    assert is_over(world)
    assert world.messages == []


def test_the_histories_drop_messages_and_meet_stale_ones():
    worlds = [play(seed) for seed in range(20)]

    assert sum(world.dropped for world in worlds) > 20
    assert sum(world.stale for world in worlds) > 20


def test_a_worker_that_drops_whatever_it_has_once_ended_loses_items(monkeypatch):
    def was_over(link, work):
        return link._over.latest(work) is not None

    monkeypatch.setattr(LedgerLink, "_was_over", was_over)

    assert not all(is_over(play(seed)) for seed in range(60))


def test_a_worker_that_forgets_what_it_has_ended_runs_it_again(monkeypatch):
    monkeypatch.setattr(EndedItems, "latest", lambda self, work: None)

    with pytest.raises(AssertionError, match="its own end is on the way"):
        list(map(play, range(60)))
