"""What people and machines do in a history, and how often, by what it is about."""

from enum import StrEnum


class Kind(StrEnum):
    CREATE = "create"
    REGISTER = "register"
    SEAL = "seal"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RETRY = "retry"
    WORK = "work"
    SEND = "send"
    RAW = "raw"
    ASK = "ask"
    INTAKE = "intake"
    RELAY = "relay"
    RECONCILE = "reconcile"
    RECOUNT = "recount"
    READ = "read"
    WAIT = "wait"
    SPLIT = "split"
    # Only in endings that are written on purpose.
    FAIL_ALL = "fail all"
    RETRY_ALL = "retry all"
    WEEKS = "weeks"
    COME = "come"
    COME_AGAIN = "come again"
    # The faults stop, and when all is settled it goes on.
    REST = "rest"


class Theme(StrEnum):
    # No operator interferes: whatever goes wrong, the same items are finished at the end.
    PLAIN = "plain"
    # Operators seal, cancel, reopen and retry at the worst moments.
    LIFE = "life"
    # Jobs that fail over their tolerance or their deadline.
    TOLERANCE = "tolerance"
    # Many workers on few items, late and twice and out of turn.
    RUSH = "rush"
    # One or two items, sealed early: all happens around the moment of completion.
    FINISH = "finish"


WEIGHTS: dict[Theme, dict[Kind, int]] = {
    Theme.PLAIN: {
        Kind.CREATE: 2,
        Kind.REGISTER: 10,
        Kind.WORK: 25,
        Kind.SEND: 12,
        Kind.RAW: 4,
        Kind.ASK: 6,
        Kind.INTAKE: 24,
        Kind.RELAY: 24,
        Kind.READ: 2,
        Kind.WAIT: 12,
        Kind.SPLIT: 1,
        Kind.RECOUNT: 1,
        Kind.RECONCILE: 2,
    },
    Theme.LIFE: {
        Kind.CREATE: 3,
        Kind.REGISTER: 12,
        Kind.SEAL: 6,
        Kind.CANCEL: 3,
        Kind.REOPEN: 5,
        Kind.RETRY: 6,
        Kind.WORK: 25,
        Kind.SEND: 12,
        Kind.RAW: 3,
        Kind.ASK: 10,
        Kind.INTAKE: 24,
        Kind.RELAY: 28,
        Kind.READ: 2,
        Kind.RECONCILE: 2,
        Kind.RECOUNT: 1,
        Kind.WAIT: 10,
        Kind.SPLIT: 1,
    },
    Theme.TOLERANCE: {
        Kind.CREATE: 3,
        Kind.REGISTER: 12,
        Kind.SEAL: 5,
        Kind.REOPEN: 2,
        Kind.RETRY: 5,
        Kind.WORK: 30,
        Kind.SEND: 14,
        Kind.RAW: 2,
        Kind.ASK: 6,
        Kind.INTAKE: 26,
        Kind.RELAY: 28,
        Kind.RECONCILE: 3,
        Kind.WAIT: 14,
        Kind.SPLIT: 1,
    },
    Theme.RUSH: {
        Kind.CREATE: 2,
        Kind.REGISTER: 6,
        Kind.SEAL: 3,
        Kind.RETRY: 3,
        Kind.WORK: 40,
        Kind.SEND: 16,
        Kind.RAW: 12,
        Kind.ASK: 12,
        Kind.INTAKE: 28,
        Kind.RELAY: 16,
        Kind.WAIT: 14,
        Kind.SPLIT: 1,
    },
    Theme.FINISH: {
        Kind.CREATE: 6,
        Kind.REGISTER: 8,
        Kind.SEAL: 8,
        Kind.CANCEL: 2,
        Kind.REOPEN: 4,
        Kind.RETRY: 16,
        Kind.ASK: 24,
        Kind.WORK: 8,
        Kind.SEND: 4,
        Kind.RAW: 4,
        Kind.INTAKE: 8,
        Kind.RELAY: 24,
        Kind.RECONCILE: 4,
        Kind.RECOUNT: 1,
        Kind.WAIT: 4,
        Kind.SPLIT: 1,
    },
}
