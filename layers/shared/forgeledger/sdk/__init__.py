"""What a worker needs: `Ledger` to make jobs, `Reporter` to tell of items, `Worker` to do both."""

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.commands import Failure
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import (
    AccessRefusedError,
    ApiError,
    BufferFullError,
    ConfigurationError,
    ConflictError,
    InvalidCommandError,
    InvalidItemError,
    InvalidRequestError,
    InvalidSettingError,
    NoAnswerError,
    NotFoundError,
    PermanentItemError,
    RegistrationStoppedError,
    SdkError,
    UnavailableError,
    UndeliveredError,
    WaitTimeoutError,
    WrongAddressError,
)
from forgeledger.sdk.item_work import ItemWork
from forgeledger.sdk.ledger import Ledger
from forgeledger.sdk.outbox import OutboxLimits
from forgeledger.sdk.records import Delivery, Event, Item, Job, Page, Registration, Rejection, Why
from forgeledger.sdk.registration import RegistrationOptions
from forgeledger.sdk.reporter import Reporter
from forgeledger.sdk.waiting import Polling
from forgeledger.sdk.worker import Worker, WorkerSummary
from forgeledger.sdk.worker_options import WorkerOptions

__all__ = [
    "AccessRefusedError",
    "ApiError",
    "Backoff",
    "BufferFullError",
    "ConfigurationError",
    "ConflictError",
    "Delivery",
    "Endpoints",
    "Event",
    "Failure",
    "InvalidCommandError",
    "InvalidItemError",
    "InvalidRequestError",
    "InvalidSettingError",
    "Item",
    "ItemWork",
    "Job",
    "Ledger",
    "NoAnswerError",
    "NotFoundError",
    "OutboxLimits",
    "Page",
    "PermanentItemError",
    "Polling",
    "Registration",
    "RegistrationOptions",
    "RegistrationStoppedError",
    "Rejection",
    "Reporter",
    "SdkError",
    "UnavailableError",
    "UndeliveredError",
    "WaitTimeoutError",
    "Why",
    "Worker",
    "WorkerOptions",
    "WorkerSummary",
    "WrongAddressError",
]
