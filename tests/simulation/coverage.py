"""What has to happen in histories, beside faults of single calls, for them to prove anything."""

from collections import Counter
from enum import StrEnum

# How often each happening and each fault was met.
Met = Counter[str]


class Happening(StrEnum):
    # Functions.
    COLD_START = "a function starts cold"
    TOO_MANY = "a function has too many calls at once"
    OUT_OF_TIME = "a function runs out of time"
    OVERTAKEN = "a process is overtaken by others"
    # The queue.
    MIXED_GROUPS = "a batch has messages of several groups"
    GROUP_LOCKED = "a group waits for its message in flight"
    NOT_DELETED = "messages are done and stay in the queue"
    DELIVERED_AGAIN = "a message is delivered again"
    DEAD_LETTER = "a message becomes a dead letter"
    REPETITION_DROPPED = "a message sent again is dropped"
    REPETITION_ACCEPTED = "a message sent again later is accepted"
    TWO_INTAKES = "two intakes have the same messages"
    # The table.
    LAGGING_INDEX = "an index lags"
    TOKEN_KNOWN = "a transaction comes again and is known"
    TOKEN_FORGOTTEN = "a transaction comes again and is not known"
    SEVERAL_COMMITS = "a batch makes several commits"
    VANISHED = "rows vanish"
    # The stream.
    SHARD_SPLIT = "a shard splits"
    PARENT_FIRST = "a shard waits for its parent"
    RECORDS_AGAIN = "records are delivered again"
    BATCH_HALVED = "a batch of records is halved"
    RECORDS_GIVEN_UP = "records are given up"
    TWO_RELAYS = "two relays have the same records"
    # HTTP.
    REQUEST_AGAIN = "a request comes again with its key"
    ANSWERED_AGAIN = "a request that comes again is answered as before"
    # Workers, producers, operators.
    WORKER_DIES = "a worker dies with what it has not sent"
    SAID_TWICE = "a worker repeats itself"
    SAID_LATE = "a worker reports on what it reported on before"
    WRONG_GROUP = "a message comes in a wrong group"
    NONSENSE = "a message says nothing"
    PRODUCER_DIES = "a producer dies before it seals"
    PRODUCER_STOPS = "a producer dies between two parts"
    SEALED = "somebody asks to seal"
    CANCELED = "somebody asks to cancel"
    REOPENED = "somebody asks to reopen"
    RETRIED = "somebody asks to retry"
    ASKED_TWICE = "somebody gives the same command again"
    RECOUNTED = "somebody asks to recount"
