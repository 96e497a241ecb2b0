"""AWS prices of what this project uses, in one region, each with its source and its date."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

REGION: Final = "us-east-1"
# The date of a copy that does not say when it was made.
UNDATED: Final = "undated"
_MILLION: Final = 1_000_000


class Service(StrEnum):
    SQS = "SQS"
    LAMBDA = "Lambda"
    DYNAMODB = "DynamoDB"
    EVENTBRIDGE = "EventBridge"
    API_GATEWAY = "API Gateway"
    CLOUDWATCH = "CloudWatch"
    STEP_FUNCTIONS = "Step Functions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    service: Service
    what: str
    dollars: float
    per: int = _MILLION
    unit: str
    # The AWS page that publishes the price.
    source: str
    # When the copy or quotation of that page was made that the amount was read from.
    copied: str = UNDATED
    # When the amount was read; a price that is read again gets a date of its own.
    read: date = date(2026, 11, 21)

    @property
    def per_unit(self) -> float:
        return self.dollars / self.per


SQS_FIFO: Final = Price(
    service=Service.SQS,
    what="FIFO queue",
    dollars=0.50,
    unit="requests of up to 64 KB",
    source="Amazon SQS pricing",
    copied="2026-06",
)
SQS_STANDARD: Final = Price(
    service=Service.SQS,
    what="standard queue",
    dollars=0.40,
    unit="requests of up to 64 KB",
    source="Amazon SQS pricing",
    copied="2026-06",
)
LAMBDA_REQUESTS: Final = Price(
    service=Service.LAMBDA,
    what="requests",
    dollars=0.20,
    unit="invocations",
    source="AWS Lambda pricing",
    copied="2026-03",
)
LAMBDA_GB_SECONDS: Final = Price(
    service=Service.LAMBDA,
    what="duration, arm64",
    dollars=13.3334,
    unit="GB-seconds",
    source="AWS Lambda pricing",
    copied="2026-03",
)
WRITE_UNITS: Final = Price(
    service=Service.DYNAMODB,
    what="writes, on demand",
    dollars=0.625,
    unit="write request units",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
)
READ_UNITS: Final = Price(
    service=Service.DYNAMODB,
    what="reads, on demand",
    dollars=0.125,
    unit="read request units",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
)
STORAGE: Final = Price(
    service=Service.DYNAMODB,
    what="storage",
    dollars=0.25,
    per=1,
    unit="GB-months",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
)
RECOVERY: Final = Price(
    service=Service.DYNAMODB,
    what="point-in-time recovery",
    dollars=0.20,
    per=1,
    unit="GB-months",
    source="Amazon DynamoDB pricing for on-demand capacity; a list of 2026-07 has $0.228",
)
STREAM_READS: Final = Price(
    service=Service.DYNAMODB,
    what="stream, read by Lambda",
    dollars=0.0,
    unit="reads",
    source="Amazon DynamoDB Developer Guide, cost optimization of streams",
)
EVENTS: Final = Price(
    service=Service.EVENTBRIDGE,
    what="custom events",
    dollars=1.00,
    unit="events of up to 64 KB",
    source="Amazon EventBridge pricing",
    copied="2026-03",
)
HTTP_REQUESTS: Final = Price(
    service=Service.API_GATEWAY,
    what="HTTP API",
    dollars=1.00,
    unit="requests of up to 512 KB",
    source="Amazon API Gateway pricing",
    copied="2025-05",
)
LOG_BYTES: Final = Price(
    service=Service.CLOUDWATCH,
    what="logs, first 10 TB of a month",
    dollars=0.50,
    per=1,
    unit="GB",
    source="Amazon CloudWatch pricing",
    copied="2026-06",
)
LOG_STORAGE: Final = Price(
    service=Service.CLOUDWATCH,
    what="log storage",
    dollars=0.03,
    per=1,
    unit="GB-months",
    source="Amazon CloudWatch pricing",
    copied="2025",
)
METRICS: Final = Price(
    service=Service.CLOUDWATCH,
    what="custom metrics, billed for the hours in which they are sent",
    dollars=0.30,
    per=1,
    unit="metric-months",
    source="Amazon CloudWatch pricing",
    copied="2026-02",
)
ALARMS: Final = Price(
    service=Service.CLOUDWATCH,
    what="alarms, standard resolution",
    dollars=0.10,
    per=1,
    unit="alarm-months",
    source="Amazon CloudWatch pricing",
)
DASHBOARDS: Final = Price(
    service=Service.CLOUDWATCH,
    what="dashboards",
    dollars=3.00,
    per=1,
    unit="dashboard-months",
    source="Amazon CloudWatch pricing",
    copied="2026-06",
)
TRANSITIONS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="state transitions, standard",
    dollars=25.0,
    unit="transitions",
    source="AWS Step Functions pricing",
    copied="2026-05",
)
EXPRESS_REQUESTS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="requests, express",
    dollars=1.00,
    unit="executions",
    source="AWS Step Functions pricing",
    copied="2026-03",
)
EXPRESS_GB_HOURS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="duration, express, first 1,000 GB-hours",
    dollars=0.06,
    per=1,
    unit="GB-hours",
    source="AWS Step Functions pricing",
)

PRICES: Final = (
    SQS_FIFO,
    SQS_STANDARD,
    LAMBDA_REQUESTS,
    LAMBDA_GB_SECONDS,
    WRITE_UNITS,
    READ_UNITS,
    STORAGE,
    RECOVERY,
    STREAM_READS,
    EVENTS,
    HTTP_REQUESTS,
    LOG_BYTES,
    LOG_STORAGE,
    METRICS,
    ALARMS,
    DASHBOARDS,
    TRANSITIONS,
    EXPRESS_REQUESTS,
    EXPRESS_GB_HOURS,
)

# The date of the price that was read first.
AS_OF: Final = min(price.read for price in PRICES)
