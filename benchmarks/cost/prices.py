"""What AWS asks for what this project uses: one region, each price with its source and its date."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

REGION: Final = "us-east-1"
# Of a copy that does not say when it was made.
UNDATED: Final = "undated"


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
    per: int
    unit: str
    # The page that publishes it, in words.
    source: str
    # When the copy or quotation of that page was made in which the amount stands.
    copied: str
    # When the amount was read there.
    read: date

    @property
    def each(self) -> float:
        return self.dollars / self.per


_MILLION: Final = 1_000_000

SQS_FIFO: Final = Price(
    service=Service.SQS,
    what="FIFO queue",
    dollars=0.50,
    per=_MILLION,
    unit="requests of up to 64 KB",
    source="Amazon SQS pricing",
    copied="2026-06",
    read=date(2026, 11, 21),
)
SQS_STANDARD: Final = Price(
    service=Service.SQS,
    what="standard queue",
    dollars=0.40,
    per=_MILLION,
    unit="requests of up to 64 KB",
    source="Amazon SQS pricing",
    copied="2026-06",
    read=date(2026, 11, 21),
)
LAMBDA_REQUESTS: Final = Price(
    service=Service.LAMBDA,
    what="requests",
    dollars=0.20,
    per=_MILLION,
    unit="invocations",
    source="AWS Lambda pricing",
    copied="2026-03",
    read=date(2026, 11, 21),
)
LAMBDA_GB_SECONDS: Final = Price(
    service=Service.LAMBDA,
    what="duration, arm64",
    dollars=13.3334,
    per=_MILLION,
    unit="GB-seconds",
    source="AWS Lambda pricing",
    copied="2026-03",
    read=date(2026, 11, 21),
)
WRITE_UNITS: Final = Price(
    service=Service.DYNAMODB,
    what="writes, on demand",
    dollars=0.625,
    per=_MILLION,
    unit="write request units",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
    read=date(2026, 11, 21),
)
READ_UNITS: Final = Price(
    service=Service.DYNAMODB,
    what="reads, on demand",
    dollars=0.125,
    per=_MILLION,
    unit="read request units",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
    read=date(2026, 11, 21),
)
STORAGE: Final = Price(
    service=Service.DYNAMODB,
    what="storage",
    dollars=0.25,
    per=1,
    unit="GB-months",
    source="Amazon DynamoDB pricing for on-demand capacity",
    copied="2026-07",
    read=date(2026, 11, 21),
)
RECOVERY: Final = Price(
    service=Service.DYNAMODB,
    what="point-in-time recovery",
    dollars=0.20,
    per=1,
    unit="GB-months",
    source="Amazon DynamoDB pricing for on-demand capacity; a list of 2026-07 has $0.228",
    copied=UNDATED,
    read=date(2026, 11, 21),
)
STREAM_READS: Final = Price(
    service=Service.DYNAMODB,
    what="stream, read by Lambda",
    dollars=0.0,
    per=_MILLION,
    unit="reads",
    source="Amazon DynamoDB Developer Guide, cost optimization of streams",
    copied=UNDATED,
    read=date(2026, 11, 21),
)
EVENTS: Final = Price(
    service=Service.EVENTBRIDGE,
    what="custom events",
    dollars=1.00,
    per=_MILLION,
    unit="events of up to 64 KB",
    source="Amazon EventBridge pricing",
    copied="2026-03",
    read=date(2026, 11, 21),
)
HTTP_REQUESTS: Final = Price(
    service=Service.API_GATEWAY,
    what="HTTP API",
    dollars=1.00,
    per=_MILLION,
    unit="requests of up to 512 KB",
    source="Amazon API Gateway pricing",
    copied="2025-05",
    read=date(2026, 11, 21),
)
LOG_BYTES: Final = Price(
    service=Service.CLOUDWATCH,
    what="logs, first 10 TB of a month",
    dollars=0.50,
    per=1,
    unit="GB",
    source="Amazon CloudWatch pricing",
    copied="2026-06",
    read=date(2026, 11, 21),
)
LOG_STORAGE: Final = Price(
    service=Service.CLOUDWATCH,
    what="kept logs",
    dollars=0.03,
    per=1,
    unit="GB-months",
    source="Amazon CloudWatch pricing",
    copied="2025",
    read=date(2026, 11, 21),
)
METRICS: Final = Price(
    service=Service.CLOUDWATCH,
    what="custom metrics, by the hour in which they are sent",
    dollars=0.30,
    per=1,
    unit="metric-months",
    source="Amazon CloudWatch pricing",
    copied="2026-02",
    read=date(2026, 11, 21),
)
ALARMS: Final = Price(
    service=Service.CLOUDWATCH,
    what="alarms, standard resolution",
    dollars=0.10,
    per=1,
    unit="alarm-months",
    source="Amazon CloudWatch pricing",
    copied=UNDATED,
    read=date(2026, 11, 21),
)
DASHBOARDS: Final = Price(
    service=Service.CLOUDWATCH,
    what="dashboards",
    dollars=3.00,
    per=1,
    unit="dashboard-months",
    source="Amazon CloudWatch pricing",
    copied="2026-06",
    read=date(2026, 11, 21),
)
TRANSITIONS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="state transitions, standard",
    dollars=25.0,
    per=_MILLION,
    unit="transitions",
    source="AWS Step Functions pricing",
    copied="2026-05",
    read=date(2026, 11, 21),
)
EXPRESS_REQUESTS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="requests, express",
    dollars=1.00,
    per=_MILLION,
    unit="executions",
    source="AWS Step Functions pricing",
    copied="2026-03",
    read=date(2026, 11, 21),
)
EXPRESS_GB_HOURS: Final = Price(
    service=Service.STEP_FUNCTIONS,
    what="duration, express, first 1,000 GB-hours",
    dollars=0.06,
    per=1,
    unit="GB-hours",
    source="AWS Step Functions pricing",
    copied=UNDATED,
    read=date(2026, 11, 21),
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

# The oldest price says as of when all of them are.
AS_OF: Final = min(price.read for price in PRICES)
