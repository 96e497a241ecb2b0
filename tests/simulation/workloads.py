"""The kinds of steps, and how often each occurs in each workload."""

from enum import StrEnum


class StepKind(StrEnum):
    CREATE = "create"
    SUBMIT = "submit with a job key"
    REGISTER = "register"
    SEAL = "seal"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RETRY = "retry"
    WORK = "work"
    SEND = "send"
    RAW_MESSAGE = "raw message"
    BURST = "many commands of one item"
    HTTP_COMMAND = "HTTP command"
    INTAKE = "intake"
    RELAY = "relay"
    RECONCILE = "reconcile"
    RECOUNT = "recount"
    READ_STATUS = "read status"
    WAIT = "wait"
    SPLIT_SHARD = "split shard"
    REDRIVE_REJECTS = "redrive rejects"
    REDRIVE_DEAD_LETTERS = "redrive dead letters"
    HOLD = "pause, resume or start"
    # Only in scripted endings.
    FAIL_ALL = "fail all"
    RETRY_ALL = "retry all"
    SEAL_ONE = "seal one"
    FAIL_AGAIN = "fail again"
    WEEKS = "weeks"
    NEW_PRODUCER = "new producer"
    RETRY_CREATIONS = "retry creations"
    # The faults stop until everything has come to rest; then the history continues.
    REST = "rest"


# How long a WAIT lasts, by its seed: mostly short, sometimes as long as a lease or a visibility
# timeout.
WAITS_MS = (10, 100, 100, 1_000, 1_000, 6_000, 25_000, 130_000, 200_000)
LONGEST_WAIT = len(WAITS_MS) - 1


class Workload(StrEnum):
    # No operator interferes: with or without faults the same items are finished at the end.
    PLAIN = "plain"
    # Operators seal, cancel, reopen and retry at the worst moments.
    LIFECYCLE = "lifecycle"
    # Jobs that fail over their tolerance or their deadline.
    TOLERANCE = "tolerance"
    # Many workers on few items: late, repeated and unordered reports.
    RUSH = "rush"
    # One or two items, sealed early: most steps fall around the moment of completion.
    FINISH = "finish"
    # Jobs that start at a time, and operators that start, pause and resume them.
    HELD = "held"


OPERATOR_STEPS = frozenset(
    {
        StepKind.REGISTER,
        StepKind.SEAL,
        StepKind.CANCEL,
        StepKind.REOPEN,
        StepKind.RETRY,
        StepKind.HOLD,
        StepKind.HTTP_COMMAND,
        StepKind.READ_STATUS,
        StepKind.WORK,
        StepKind.RAW_MESSAGE,
        StepKind.BURST,
        StepKind.SEND,
    }
)
# Only in some endings.
ENDING_STEPS = frozenset(
    {
        StepKind.FAIL_ALL,
        StepKind.RETRY_ALL,
        StepKind.SEAL_ONE,
        StepKind.FAIL_AGAIN,
        StepKind.WEEKS,
        StepKind.NEW_PRODUCER,
        StepKind.RETRY_CREATIONS,
        StepKind.REST,
    }
)
WEIGHTS: dict[Workload, dict[StepKind, int]] = {
    Workload.PLAIN: {
        StepKind.CREATE: 2,
        StepKind.REGISTER: 10,
        StepKind.WORK: 25,
        StepKind.SEND: 12,
        StepKind.RAW_MESSAGE: 4,
        StepKind.HTTP_COMMAND: 6,
        StepKind.INTAKE: 24,
        StepKind.RELAY: 24,
        StepKind.READ_STATUS: 2,
        StepKind.WAIT: 12,
        StepKind.SPLIT_SHARD: 1,
        StepKind.RECOUNT: 1,
        StepKind.RECONCILE: 2,
    },
    Workload.LIFECYCLE: {
        StepKind.CREATE: 3,
        StepKind.SUBMIT: 3,
        StepKind.REGISTER: 12,
        StepKind.SEAL: 6,
        StepKind.CANCEL: 3,
        StepKind.REOPEN: 5,
        StepKind.RETRY: 6,
        StepKind.WORK: 25,
        StepKind.SEND: 12,
        StepKind.RAW_MESSAGE: 3,
        StepKind.HTTP_COMMAND: 10,
        StepKind.INTAKE: 24,
        StepKind.RELAY: 28,
        StepKind.READ_STATUS: 2,
        StepKind.RECONCILE: 2,
        StepKind.RECOUNT: 1,
        StepKind.WAIT: 10,
        StepKind.SPLIT_SHARD: 1,
        StepKind.REDRIVE_REJECTS: 1,
        StepKind.REDRIVE_DEAD_LETTERS: 3,
    },
    Workload.TOLERANCE: {
        StepKind.CREATE: 3,
        StepKind.SUBMIT: 3,
        StepKind.REGISTER: 12,
        StepKind.SEAL: 5,
        StepKind.REOPEN: 2,
        StepKind.RETRY: 5,
        StepKind.WORK: 30,
        StepKind.SEND: 14,
        StepKind.RAW_MESSAGE: 2,
        StepKind.HTTP_COMMAND: 6,
        StepKind.INTAKE: 26,
        StepKind.RELAY: 28,
        StepKind.RECONCILE: 3,
        StepKind.WAIT: 14,
        StepKind.SPLIT_SHARD: 1,
    },
    Workload.RUSH: {
        StepKind.BURST: 1,
        StepKind.CREATE: 2,
        StepKind.SUBMIT: 1,
        StepKind.REGISTER: 6,
        StepKind.SEAL: 3,
        StepKind.RETRY: 3,
        StepKind.WORK: 40,
        StepKind.SEND: 16,
        StepKind.RAW_MESSAGE: 12,
        StepKind.HTTP_COMMAND: 12,
        StepKind.INTAKE: 28,
        StepKind.RELAY: 16,
        StepKind.WAIT: 14,
        StepKind.SPLIT_SHARD: 1,
        StepKind.REDRIVE_REJECTS: 1,
        StepKind.REDRIVE_DEAD_LETTERS: 3,
    },
    Workload.FINISH: {
        StepKind.CREATE: 6,
        StepKind.SUBMIT: 6,
        StepKind.REGISTER: 8,
        StepKind.SEAL: 8,
        StepKind.CANCEL: 2,
        StepKind.REOPEN: 4,
        StepKind.RETRY: 16,
        StepKind.HTTP_COMMAND: 24,
        StepKind.WORK: 8,
        StepKind.SEND: 4,
        StepKind.RAW_MESSAGE: 4,
        StepKind.INTAKE: 8,
        StepKind.RELAY: 24,
        StepKind.RECONCILE: 4,
        StepKind.RECOUNT: 1,
        StepKind.WAIT: 4,
        StepKind.SPLIT_SHARD: 1,
    },
    Workload.HELD: {
        StepKind.CREATE: 3,
        StepKind.REGISTER: 8,
        StepKind.SEAL: 3,
        StepKind.CANCEL: 5,
        StepKind.REOPEN: 4,
        StepKind.RETRY: 3,
        StepKind.HOLD: 12,
        StepKind.WORK: 20,
        StepKind.SEND: 12,
        StepKind.HTTP_COMMAND: 20,
        StepKind.INTAKE: 24,
        StepKind.RELAY: 24,
        StepKind.READ_STATUS: 2,
        StepKind.RECONCILE: 6,
        StepKind.RECOUNT: 1,
        StepKind.WAIT: 12,
        StepKind.SPLIT_SHARD: 1,
    },
}
