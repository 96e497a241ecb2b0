"""The exit codes of the command line; `docs/cli.md` lists them."""

from typing import Final

DONE: Final = 0
# The command did its work, and the result is not the one hoped for.
NOT_AS_HOPED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
UNREACHABLE: Final = 5
COMPLETED_WITH_FAILURES: Final = 10
JOB_FAILED: Final = 11
JOB_CANCELED: Final = 12
# A fault of the program, as in sysexits.h.
INTERNAL: Final = 70
# As in timeout(1).
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130

MEANINGS: Final = {
    DONE: "done; `job watch`: the job completed",
    NOT_AS_HOPED: "done, but not as hoped: `doctor` found something wrong, a guarantee did not "
    "hold in `demo`, counts were wrong in `reconcile`, items or commands were rejected, the local "
    "cloud is down in `local status`, a function failed in `local invoke`, or the answer was no in "
    "`rejects drop`",
    USAGE: "a wrong argument, option or value, also one that the ledger refuses",
    NOT_FOUND: "no such job, item, message, stack, queue, function or log",
    REFUSED: "the state of the job or item does not allow it, as with `job seal` after its end, or "
    "a permission is missing; a job that is in the wanted state already is 0",
    UNREACHABLE: "no answer: the network, AWS, or a local cloud that is down; SQS did not take or "
    "delete a message",
    COMPLETED_WITH_FAILURES: "`job watch`: the job completed with failures",
    JOB_FAILED: "`job watch`: the job failed",
    JOB_CANCELED: "`job watch`: the job was canceled",
    INTERNAL: "a fault of the program; FORGELEDGER_DEBUG=1 shows where",
    TIMED_OUT: "`job watch`: the timeout passed before the job finished",
    INTERRUPTED: "interrupted by Ctrl-C",
}

# The `code` of an error with --json that neither the ledger nor AWS gave one.
WORDS: Final = {
    NOT_AS_HOPED: "not_as_hoped",
    USAGE: "usage",
    NOT_FOUND: "not_found",
    REFUSED: "refused",
    UNREACHABLE: "no_answer",
    INTERNAL: "internal_error",
    INTERRUPTED: "interrupted",
}

_BY_STATUS: Final = {
    "COMPLETED": DONE,
    "COMPLETED_WITH_FAILURES": COMPLETED_WITH_FAILURES,
    "FAILED": JOB_FAILED,
    "CANCELED": JOB_CANCELED,
}


def of_status(status: str) -> int:
    """The exit code of `job watch` for a job that finished with this status."""
    return _BY_STATUS.get(status, NOT_AS_HOPED)
