"""What a job uses, in the units that AWS bills, and what that costs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from benchmarks.cost import prices
from benchmarks.cost.prices import Price, Service

GB: Final = 1024**3
_HOUR_SECONDS: Final = 3_600
# Retention of rows and logs: the defaults of jobs and of the template.
RETENTION_MONTHS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Every field is a number of billed units."""

    sqs_fifo_requests: float = 0.0
    sqs_standard_requests: float = 0.0
    lambda_requests: float = 0.0
    lambda_gb_seconds: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0
    stored_bytes: float = 0.0
    events: float = 0.0
    http_requests: float = 0.0
    log_bytes: float = 0.0
    transitions: float = 0.0
    express_requests: float = 0.0
    express_gb_seconds: float = 0.0

    def __add__(self, other: Self) -> "Usage":
        return Usage(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in _FIELDS
            }
        )

    def times(self, factor: float) -> "Usage":
        return Usage(**{field.name: getattr(self, field.name) * factor for field in _FIELDS})

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> "Usage":
        return cls(**figures)

    def figures(self) -> dict[str, float]:
        """The fields that are not 0, for the results file."""
        return {name: round(value, 6) for name, value in asdict(self).items() if value}


_FIELDS: Final = fields(Usage)


def bill_of(usage: Usage) -> dict[Price, float]:
    """Dollars by price, without free tiers."""
    stored_gb_months = usage.stored_bytes / GB * RETENTION_MONTHS
    log_gb = usage.log_bytes / GB
    amounts = {
        prices.SQS_FIFO: usage.sqs_fifo_requests,
        prices.SQS_STANDARD: usage.sqs_standard_requests,
        prices.LAMBDA_REQUESTS: usage.lambda_requests,
        prices.LAMBDA_GB_SECONDS: usage.lambda_gb_seconds,
        prices.WRITE_UNITS: usage.write_units,
        prices.READ_UNITS: usage.read_units,
        prices.STORAGE: stored_gb_months,
        prices.RECOVERY: stored_gb_months,
        prices.EVENTS: usage.events,
        prices.HTTP_REQUESTS: usage.http_requests,
        prices.LOG_BYTES: log_gb,
        prices.LOG_STORAGE: log_gb * RETENTION_MONTHS,
        prices.TRANSITIONS: usage.transitions,
        prices.EXPRESS_REQUESTS: usage.express_requests,
        prices.EXPRESS_GB_HOURS: usage.express_gb_seconds / _HOUR_SECONDS,
    }
    return {price: amount * price.per_unit for price, amount in amounts.items() if amount}


def by_service(usage: Usage) -> dict[Service, float]:
    sums: dict[Service, float] = {}
    for price, amount in bill_of(usage).items():
        sums[price.service] = sums.get(price.service, 0.0) + amount
    return sums


def dollars(usage: Usage) -> float:
    return sum(bill_of(usage).values())
