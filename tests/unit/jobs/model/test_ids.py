"""Job ids, lanes and message groups."""

from collections import Counter

import pytest

from forgeledger.jobs.model.ids import (
    group_of,
    lane_of,
    lanes_for,
    lanes_of,
    last_digit,
    make_job_id,
)
from forgeledger.jobs.model.limits import LANES_PER_JOB
from tests.support.builders import NOW


@pytest.mark.parametrize("lanes", [1, 9, 10, 63, 64])
def test_a_job_id_says_how_many_lanes_its_job_has(lanes):
    job_id = make_job_id(NOW, 2**80 - 1, lanes)

    assert len(job_id.partition("-")[0]) == 26
    assert lanes_of(job_id) == lanes


@pytest.mark.parametrize("lanes", [0, 65, -1])
def test_a_job_has_one_to_sixty_four_lanes(lanes):
    with pytest.raises(ValueError, match="lanes must be 1 to 64"):
        make_job_id(NOW, 0, lanes)


def test_job_ids_sort_by_age():
    ids = [make_job_id(NOW + ms, 2**80 - 1 - ms, 4) for ms in (0, 1, 1_000, 10**9)]

    assert ids == sorted(ids)


def test_a_job_id_is_a_function_of_time_and_chance():
    assert make_job_id(1_469_918_176_385, 0, 8) == "01ARYZ6S410000000000000000-8"
    assert make_job_id(0, 31, 1) == "0000000000000000000000000Z-1"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "invoices",
        "01ARYZ6S410000000000000000",
        "01ARYZ6S410000000000000000-",
        "01ARYZ6S410000000000000000-0",
        "01ARYZ6S410000000000000000-08",
        "01ARYZ6S410000000000000000-65",
        "01ARYZ6S410000000000000000-8\n",
        "01ARYZ6S410000000000000000-\u0668",
        "81ARYZ6S410000000000000000-8",
        "01aryz6s410000000000000000-8",
        "01ARYZ6S41000000000000000U-8",
        "01ARYZ6S410000000000000000-8#1",
    ],
)
def test_a_name_that_no_job_can_have_is_known_without_a_lookup(name):
    assert lanes_of(name) is None


def test_an_item_belongs_to_one_lane_for_good():
    assert lane_of("invoice-17", 4) == 1
    assert lane_of("\u00e9\U0001f600", 64) == 6
    assert {lane_of(f"item-{n}", LANES_PER_JOB) for n in range(1_000)} == set(range(LANES_PER_JOB))


def test_the_group_of_a_lane_names_job_and_lane():
    assert group_of("01ARYZ6S410000000000000000-8", 3) == "01ARYZ6S410000000000000000-8#3"


@pytest.mark.parametrize(
    ("expected_items", "lanes"),
    [
        (None, 4),
        (0, 1),
        (1_000, 1),
        (1_001, 4),
        (10_000, 4),
        (10_001, 8),
        (100_000, 8),
        (100_001, 16),
        (1_000_000_000, 16),
    ],
)
def test_the_number_of_lanes_follows_from_the_expected_items(expected_items, lanes):
    assert lanes_for(expected_items) == lanes


def test_jobs_spread_evenly_over_shards_by_the_last_letter_of_their_ulid() -> None:
    digits = [last_digit(make_job_id(NOW, randomness, 12)) for randomness in range(64)]

    assert Counter(digits) == dict.fromkeys(range(32), 2)
    assert last_digit("01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-64") == 3
