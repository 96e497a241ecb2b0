"""The limits of the contract; the unit is last in each name."""

from typing import Final

ITEM_ID_CHARACTERS: Final = 256
# A DynamoDB sort key holds 1,024 bytes, five of which are the row's prefix.
ITEM_ID_BYTES: Final = 1_019
WORKER_ID_CHARACTERS: Final = 256
COMMAND_ID_CHARACTERS: Final = 256
PAYLOAD_BYTES: Final = 32 * 1024
RESULT_BYTES: Final = 32 * 1024
ITEM_KIND_CHARACTERS: Final = 128
# As SQS has it of a message group's id.
GROUP_CHARACTERS: Final = 128
# The largest time that a due row's key has room for, in the year 2286.
LATEST_TIME_MS: Final = 9_999_999_999_999
ERROR_TYPE_CHARACTERS: Final = 256
ERROR_MESSAGE_BYTES: Final = 4 * 1024
# Payload, result and error of an item, and all of its other fields.
LARGEST_ITEM_BYTES: Final = PAYLOAD_BYTES + RESULT_BYTES + ERROR_MESSAGE_BYTES + 2 * 1024
JOB_NAME_CHARACTERS: Final = 256
JOB_KEY_CHARACTERS: Final = 256
# For so long at least after the end of its job a key is not free again.
JOB_KEY_TTL_DAYS: Final = 30
METADATA_BYTES: Final = 8 * 1024
TAGS_PER_JOB: Final = 20
TAG_CHARACTERS: Final = 64
LANES_PER_JOB: Final = 64
ITEMS_PER_REGISTRATION: Final = 1_000
COMMANDS_PER_MESSAGE: Final = 500
MESSAGE_BYTES: Final = 1024 * 1024
# SQS's ids of messages have 36.
MESSAGE_ID_CHARACTERS: Final = 128
PAGE_ROWS: Final = 2_000
PAGE_JOBS: Final = 100
# The most that one request reads of a job's items where few of them are answered.
SCANNED_ITEMS: Final = 2_000
SCANNED_BYTES: Final = 4_000_000
# What bounds a scan in which the table leaves out most items: a million of 200 bytes fit in.
SCANNED_READ_UNITS: Final = 30_000
# Of a page of 1 MB; half of it where the read is eventually consistent.
PAGE_READ_UNITS: Final = 256
# Up to so many items are scanned strongly consistently, more of them at half the price.
STRONGLY_SCANNED_ITEMS: Final = 50_000
# A request to the table that begins then, and fails to answer, still fits into a function's time.
SCANNED_MS: Final = 10_000
# A cursor has an item id of each: so many of the longest fit into the 10 KB that API Gateway takes
# of a request's line and headers.
LANES_SCANNED_AT_ONCE: Final = 4
# Lambda answers with at most 6 MB, and quotes in it are escaped once more.
PAGE_BYTES: Final = 2_500_000
TTL_DAYS: Final = 3_650
LEASE_SECONDS: Final = 7 * 24 * 3_600
# Of a job that is dispatched: how many of its items may be out, and stand in a work message.
ITEMS_IN_FLIGHT: Final = 1_000_000
ITEMS_PER_WORK_MESSAGE: Final = 100
DISPATCH_LEASE_SECONDS: Final = 300
ATTEMPTS_PER_ITEM: Final = 1_000
# How far an attempt may be ahead of the latest claim: senders count deliveries, and SQS delivers a
# message at most so often before it goes to the dead-letter queue.
ATTEMPTS_AHEAD: Final = 1_000
# The largest attempt that a command may name.
ATTEMPT_NUMBER: Final = 1_000_000_000
BACKOFF_SECONDS: Final = 24 * 3_600
RETRY_AFTER_SECONDS: Final = 24 * 3_600
PERMANENT_ERRORS: Final = 10
DEADLINE_SECONDS: Final = 365 * 24 * 3_600
# How far ahead a job's start and the end of a pause may be.
HELD_SECONDS: Final = 365 * 24 * 3_600
# Clocks differ, and requests take time: a start so long ago is now.
START_LATE_SECONDS: Final = 1
EXPECTED_ITEMS: Final = 1_000_000_000

# How many commands of one item a message may have, and how many of one delivery are applied.
COMMANDS_PER_ITEM: Final = 32
# How many of an item's latest commands it remembers, to recognise a redelivery. Twice as many as a
# delivery has, so that as many others may come before its redelivery: a command that was forgotten
# would be applied again and push out the next one, and so on.
COMMANDS_REMEMBERED_PER_ITEM: Final = 2 * COMMANDS_PER_ITEM
# The types of error that a lane counts by name; the others are counted together.
ERROR_TYPES_PER_LANE: Final = 10
# Of a type's name, as JSON writes it: with all ten the lane's head stays below a write unit.
ERROR_TYPE_COUNTED_BYTES: Final = 40

# DynamoDB takes 100 actions and 4 MB a transaction, 400 KB a row. Room is left for what the
# storage adds: attribute names, keys and the encoding of text.
ACTIONS_PER_TRANSACTION: Final = 100
ITEMS_PER_COMMIT: Final = 96
COMMIT_BYTES: Final = 3_500_000
JOURNAL_ROW_BYTES: Final = 300_000
# Of each lane, before another writer, or the next try, goes on.
ITEMS_RESUMED_AT_ONCE: Final = 5_000
