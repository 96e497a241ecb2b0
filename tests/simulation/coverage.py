"""Coverage points: what histories must reach, apart from the faults of single calls."""

from collections import Counter
from enum import StrEnum

# How often each coverage point and each fault occurred.
CoverageCounts = Counter[str]


class CoveragePoint(StrEnum):
    # Functions.
    COLD_START = "a function starts cold"
    TOO_MANY_CALLS = "a function is throttled: too many concurrent calls"
    OUT_OF_TIME = "a function times out"
    OVERTAKEN = "others run while a process is stalled"
    # The queue.
    MIXED_GROUPS = "a batch has messages of several groups"
    GROUP_LOCKED = "a group waits for its message in flight"
    NOT_DELETED = "the deletion of messages fails"
    DELIVERED_AGAIN = "a message is redelivered"
    FAILING_FOR_LONG = "a message fails for so long that an alarm fires"
    DEAD_LETTER = "a message becomes a dead letter"
    REDRIVEN = "dead letters are redriven"
    REPETITION_DROPPED = "a repeated message is deduplicated"
    REPETITION_ACCEPTED = "a message is repeated after the deduplication window"
    TWO_INTAKES = "two intakes process the same messages"
    # The table.
    PARTITION_LIMIT = "a partition has no write units left"
    LAGGING_INDEX = "an index lags"
    TOKEN_KNOWN = "a transaction is repeated with a known token"
    TOKEN_FORGOTTEN = "a transaction is repeated with a forgotten token"
    SEVERAL_COMMITS = "a batch makes several commits"
    CREATED_SEALED = "one transaction creates a job, its items and its seal"
    ROUND_CUT_SHORT = "a scheduled round is cut short"
    EXPIRED_MEANWHILE = "an expired row is deleted while a process runs"
    ROWS_EXPIRED = "expired rows are deleted"
    # The stream.
    SHARD_SPLIT = "a shard splits"
    PARENT_FIRST = "a shard waits for its parent"
    RECORDS_DELAYED = "a record comes later than later ones of other items"
    TWO_BATCHES = "two batches of a shard are processed at once"
    RECORDS_AGAIN = "records are redelivered"
    BATCH_HALVED = "a batch of records is bisected"
    RECORDS_GIVEN_UP = "records are given up"
    TWO_RELAYS = "two relays process the same records"
    # The clock.
    WAKE_LOST = "a wake is lost"
    WOKEN = "a wake is followed"
    LOOKED_IN_TIME = "time passes, and what is due is looked at"
    # HTTP.
    REQUEST_AGAIN = "a request is repeated with its idempotency key"
    ANSWERED_AGAIN = "a repeated request gets the stored answer"
    # Workers, producers, operators.
    HELD = "a pause, its end or a start is requested"
    WORKER_DIES = "a worker dies with unsent reports"
    REPORTED_TWICE = "a worker repeats a report"
    REPORTED_LATE = "a worker reports on an old claim again"
    WRONG_GROUP = "a message has a wrong group"
    MALFORMED_MESSAGE = "a message is malformed"
    PRODUCER_DIES = "a producer dies before it seals"
    PRODUCER_STOPS = "a producer dies between two registrations"
    SUBMITTED = "a job is asked for by its key"
    SUBMITTED_AGAIN = "a job that exists is asked for by its key"
    KEY_REFUSED = "a key is asked for with another specification"
    KEY_MOVED = "a key moves to a new job"
    KEY_GONE = "a key is asked for whose job has expired"
    SEALED = "a seal is requested"
    CANCELED = "a cancel is requested"
    REOPENED = "a reopen is requested"
    RETRIED = "a retry is requested"
    ITEM_CANCELED = "the cancel of an item is requested"
    COMMAND_REPEATED = "a command over HTTP is repeated"
    RECOUNTED = "a recount is requested"
