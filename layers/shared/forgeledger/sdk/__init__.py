"""The SDK: `Ledger` creates jobs, `Reporter` reports on items, `Worker` runs handlers."""

from forgeledger.sdk.api.job_wait import Polling
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.registration import RegistrationOptions
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.delivery import Delivery
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
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.job_report import Report
from forgeledger.sdk.records import Event, Item, Job, Page, Registration, Rejection, Why
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.report.outbox import OutboxLimits
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from forgeledger.sdk.work.work_tally import WorkerSummary
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_options import WorkerOptions

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
    "Report",
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
    "handle_sqs_batch",
]
