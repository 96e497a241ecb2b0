"""All prices stand in one table, and a bill is units times prices."""

import re
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from benchmarks.cost import cost_page, prices
from benchmarks.cost.other_designs import delivery, distributed_map
from benchmarks.cost.prices import PRICES, REGION, UNDATED, Price, Service
from benchmarks.cost.usage import GB, Usage, bill_of, by_service, dollars


def test_a_bill_is_units_times_prices() -> None:
    usage = Usage(write_units=4_000_000, read_units=2_000_000, sqs_fifo_requests=1_000)

    assert by_service(usage) == pytest.approx(
        {Service.DYNAMODB: 4 * 0.625 + 2 * 0.125, Service.SQS: 0.0005}
    )


def test_stored_bytes_cost_their_keeping_and_their_backup() -> None:
    assert dollars(Usage(stored_bytes=2 * GB)) == pytest.approx(2 * (0.25 + 0.20))


def test_every_kind_of_usage_has_its_price() -> None:
    for field in fields(Usage):
        assert dollars(Usage(**{field.name: 1.0})) > 0, field.name


def test_usages_add_up_and_scale() -> None:
    usage = Usage(write_units=2, events=1)

    assert dollars(usage.times(3) + usage) == pytest.approx(4 * dollars(usage))


def test_a_usage_is_restored_from_what_is_stored() -> None:
    usage = Usage(write_units=2.5, log_bytes=7)

    assert Usage.of(usage.figures()) == usage


def test_each_price_stands_in_the_table_once_with_its_source() -> None:
    defined = [var for var in vars(prices).values() if isinstance(var, Price)]

    assert sorted(map(repr, defined)) == sorted(map(repr, PRICES))
    assert len({(price.service, price.what) for price in PRICES}) == len(PRICES)
    assert all(price.source for price in PRICES)


@pytest.mark.parametrize("price", PRICES, ids=lambda price: price.what)
def test_each_price_says_when_it_was_copied_and_read(price: Price) -> None:
    assert price.read <= datetime.now(UTC).date()
    assert re.fullmatch(r"\d{4}(-\d{2})?", price.copied) or price.copied == UNDATED
    if price.copied != UNDATED:
        assert price.copied <= f"{price.read}"


def test_the_page_says_the_region_and_the_oldest_date_of_its_prices() -> None:
    assert f"{REGION} as of {min(price.read for price in PRICES)}" in cost_page.PAGE.read_text()


def test_a_bill_has_only_what_was_used() -> None:
    assert set(bill_of(delivery(10))) == {prices.SQS_STANDARD, prices.LAMBDA_REQUESTS}


def test_a_standard_child_costs_its_start_and_its_state() -> None:
    standard, express, *_ = distributed_map(1_000_000)

    assert by_service(standard.usage)[Service.STEP_FUNCTIONS] == pytest.approx(50, abs=0.01)
    # The start, a request, and a tenth of a second of 64 MB.
    duration = 0.1 * 64 / 1_024 / 3_600 * 0.06 * 1e6
    assert by_service(express.usage)[Service.STEP_FUNCTIONS] == pytest.approx(
        25 + 1 + duration, abs=0.01
    )
