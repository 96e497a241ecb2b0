"""What the command line's exit codes mean; `docs/cli.md` lists the same."""

from typing import Final

DONE: Final = 0
# The question was answered, and the answer is not the hoped one.
NOT_AS_HOPED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
UNREACHABLE: Final = 5
COMPLETED_WITH_FAILURES: Final = 10
JOB_FAILED: Final = 11
JOB_CANCELED: Final = 12
# A fault of ours, as sysexits.h has it.
INTERNAL: Final = 70
# As timeout(1) has it.
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130

MEANINGS: Final = {
    DONE: "done; `job watch`: the job completed",
    NOT_AS_HOPED: "answered, but not as hoped: `doctor` found a fault, the demo broke a promise, "
    "items or commands were refused, a job is not up yet",
    USAGE: "a wrong argument, option or value, also one that the ledger refuses",
    NOT_FOUND: "no such job, item, message, stack, queue or log",
    REFUSED: "the state of the job or item, or a missing permission, does not allow it",
    UNREACHABLE: "no answer: network, AWS, or a local cloud that is down",
    COMPLETED_WITH_FAILURES: "`job watch`: the job completed with failures",
    JOB_FAILED: "`job watch`: the job failed",
    JOB_CANCELED: "`job watch`: the job was canceled",
    INTERNAL: "a fault of the program; FORGELEDGER_DEBUG=1 shows where",
    TIMED_OUT: "`job watch`: the time given was over first",
    INTERRUPTED: "interrupted by Ctrl-C",
}

_BY_STATUS: Final = {
    "COMPLETED": DONE,
    "COMPLETED_WITH_FAILURES": COMPLETED_WITH_FAILURES,
    "FAILED": JOB_FAILED,
    "CANCELED": JOB_CANCELED,
}


def of_status(status: str) -> int:
    """The exit code that tells a script how a job ended."""
    return _BY_STATUS.get(status, NOT_AS_HOPED)
