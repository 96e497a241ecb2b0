"""What can go wrong outside the rules of the ledger.

ForgeLedgerError
+-- SettingsError          environment variables are missing; all are named at once
+-- ApiKeysUnreadable      the configured parameter with the API keys cannot be read
|   +-- ApiKeysBusy        it could not be read this time: try again
+-- JobError
|   +-- JobNotFound            no such job
|   +-- RowsExpired            so old that counting its items would count too few
|   +-- RetentionNotExtended   rows of a running job could not be given a later TTL
|   +-- JobKeyReused           a job that was created with another specification has the job key
|   +-- JobGone                the job that has the job key has expired
+-- ExecuteAtPast          a job was asked to start at a time that was over already
+-- IdempotencyKeyReused   the same idempotency key came with another request
+-- EventsRefused          the event bus refused events again and again
+-- QueueRefused           a queue of wakes or of work refused messages again and again
+-- OutOfTime              the invocation ends before all was done: send the rest again
+-- StorageError
    +-- StorageBusy        throttled or in conflict for longer than we wait: try again later
    +-- StorageCorrupt     a row that cannot be what the ledger wrote
"""


class ForgeLedgerError(Exception):
    """Base of every error that this package raises."""


class SettingsError(ForgeLedgerError):
    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__("missing environment variables: " + ", ".join(missing))
        self.missing = missing


class ApiKeysUnreadable(ForgeLedgerError):
    state = "cannot be read"

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(f"the API keys in the SSM parameter {parameter} {self.state}: {why}")
        self.parameter = parameter
        # The code of AWS's error; it reveals nothing of the parameter's value.
        self.why = why


class ApiKeysBusy(ApiKeysUnreadable):
    state = "cannot be read for now"


class JobError(ForgeLedgerError):
    """Something about one job."""

    text = "job {}"

    def __init__(self, job_id: str) -> None:
        super().__init__(self.text.format(job_id))
        self.job_id = job_id


class JobNotFound(JobError):
    text = "no job {}"


class RowsExpired(JobError):
    text = "job {} is so old that some of its rows may have expired"


class RetentionNotExtended(JobError):
    text = "some rows of job {} could not be given a later TTL"


class JobKeyReused(JobError):
    text = "job {} has the job key and was created with another specification"


class JobGone(JobError):
    text = "job {} has the job key and has expired"


class ExecuteAtPast(ForgeLedgerError):
    def __init__(self, late_ms: int) -> None:
        super().__init__(f"the time of the start was over {late_ms} ms ago")
        self.late_ms = late_ms


class IdempotencyKeyReused(ForgeLedgerError):
    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key} came with another request before")
        self.key = key


class QueueRefused(ForgeLedgerError):
    def __init__(self, queue_url: str, codes: tuple[str, ...]) -> None:
        reasons = ", ".join(sorted(set(codes)))
        super().__init__(f"queue {queue_url} refused {len(codes)} messages: {reasons}")
        self.codes = codes


class OutOfTime(ForgeLedgerError):
    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: no time left in this invocation")
        self.what = what


class StorageError(ForgeLedgerError):
    """A request to the table failed."""


class StorageBusy(StorageError):
    def __init__(self, what: str, attempts: int) -> None:
        super().__init__(f"{what}: still busy after {attempts} attempts")
        self.what = what
        self.attempts = attempts


class StorageCorrupt(StorageError):
    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"row {key}: {why}")
        self.key = key


class EventsRefused(ForgeLedgerError):
    def __init__(self, bus: str, codes: tuple[str, ...]) -> None:
        super().__init__(f"bus {bus} refused {len(codes)} events: {', '.join(sorted(set(codes)))}")
        self.bus = bus
        self.codes = codes
