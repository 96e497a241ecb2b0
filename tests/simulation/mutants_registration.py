"""Mutants of registering items, and of answering repeated requests."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.jobs.usecases import register_items
from forgeledger.jobs.usecases.register_items import ItemRegistrar, NewItem, Registered
from forgeledger.repeat import Repeat
from forgeledger.web import idempotency
from tests.simulation.mutant import Mutants

REGISTRATION = Mutants()


@REGISTRATION.named("registering drops all but the first item and says that it registered all")
def only_the_first_registered() -> Iterator[None]:
    original = ItemRegistrar.register

    def register(
        self: ItemRegistrar, job_id: str, items: Sequence[NewItem], *rest: Any, **more: Any
    ) -> Registered:
        done = original(self, job_id, items[:1], *rest, **more)
        return replace(done, registered=len(items) - done.already_existed - len(done.rejected))

    with patch.object(ItemRegistrar, "register", register):
        yield


@REGISTRATION.named("the second half of what is to be registered goes to another lane")
def second_half_in_another_lane() -> Iterator[None]:
    original = ItemRegistrar.register
    lane_of = register_items.lane_of
    astray: set[str] = set()

    def register(
        self: ItemRegistrar, job_id: str, items: Sequence[NewItem], *rest: Any, **more: Any
    ) -> Registered:
        astray.update(item.item_id for item in items[len(items) // 2 + 1 :])
        return original(self, job_id, items, *rest, **more)

    def wrong_lane(item_id: str, lanes: int) -> int:
        return (lane_of(item_id, lanes) + (item_id in astray)) % lanes

    with (
        patch.object(ItemRegistrar, "register", register),
        patch.object(register_items, "lane_of", wrong_lane),
    ):
        yield


@REGISTRATION.named("the second half of what is to be registered is taken for known")
def second_half_taken_for_known() -> Iterator[None]:
    original = ItemRegistrar.register

    def register(
        self: ItemRegistrar, job_id: str, items: Sequence[NewItem], *rest: Any, **more: Any
    ) -> Registered:
        half = -(-len(items) // 2)
        done = original(self, job_id, items[:half], *rest, **more)
        return replace(done, already_existed=done.already_existed + len(items) - half)

    with patch.object(ItemRegistrar, "register", register):
        yield


@REGISTRATION.named("a refused item is counted as registered")
def refusals_hidden() -> Iterator[None]:
    original = ItemRegistrar.register

    def register(self: ItemRegistrar, *rest: Any, **more: Any) -> Registered:
        done = original(self, *rest, **more)
        registered = done.registered + len(done.rejected)
        return replace(done, registered=registered, rejected=())

    with patch.object(ItemRegistrar, "register", register):
        yield


@REGISTRATION.named("a request that comes again is carried out again")
def answers_not_stored() -> Iterator[None]:
    def each_time(answer: Callable[..., Any], **_: Any) -> Callable[..., Any]:
        return answer

    with patch.object(idempotency, "idempotent_function", each_time):
        yield


@REGISTRATION.named("a key does not stand for its job")
def keys_not_claimed() -> Iterator[None]:
    def claim(self: DynamoDBJobIdClaims, repeat: Repeat, job_id: str) -> str:
        del self, repeat
        return job_id

    with patch.object(DynamoDBJobIdClaims, "claim", claim):
        yield
