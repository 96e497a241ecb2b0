"""Every record survives its row; a row that the ledger cannot have written is corrupt."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgeledger.aws.dynamodb.attributes import Row, compact_json
from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Counts, Head
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.storage.counts_rows import encode_counts
from forgeledger.jobs.storage.head_rows import decode_head, encode_head
from forgeledger.jobs.storage.item_rows import decode_item, encode_item
from forgeledger.jobs.storage.job_rows import (
    decode_fact,
    decode_header,
    encode_fact,
    encode_header,
)
from forgeledger.jobs.storage.journal_rows import decode_journal_row, encode_journal_row
from forgeledger.jobs.storage.keys import progress_key
from forgeledger.jobs.storage.progress_rows import (
    decode_progress,
    encode_progress,
    progress_update,
)
from forgeledger.journal.model.log_row import LogRow
from tests.support import record_strategies
from tests.support.builders import NOW, make_event, make_head, make_item, make_job

_some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _journal_row(*events: Event, offset: int = 0) -> Row:
    head = make_head(offset=offset)
    commit = Commit(before=head, head=head, items=(), events=events)
    return encode_journal_row("JOB#j#0", commit, "commit", None)


@_some
@given(record_strategies.items)
def test_an_item_comes_back(item: Item) -> None:
    assert decode_item(encode_item("JOB#j#0", item, NOW)) == item


@_some
@given(record_strategies.heads)
def test_a_head_comes_back(head: Head) -> None:
    assert decode_head(encode_head(head)) == head


@_some
@given(
    st.lists(record_strategies.events, min_size=1, max_size=12),
    st.integers(0, 10**12 - 1),
    record_strategies.optional_texts,
)
def test_the_events_of_a_commit_come_back(
    events: list[Event], offset: int, client_id: str | None
) -> None:
    asked = tuple(replace(event, client_id=client_id) for event in events)

    row = _journal_row(*asked, offset=offset)

    assert decode_journal_row(row) == LogRow(offset=offset, entries=asked)


def test_who_asked_over_http_costs_a_few_bytes_a_commit_and_from_the_queue_none() -> None:
    events = [make_event("completed", item_id=f"invoice-{n}") for n in range(20)]

    by_queue = _journal_row(*events)
    by_client = _journal_row(*(replace(event, client_id="operator") for event in events))

    assert by_client == {**by_queue, "clientId": {"S": "operator"}}
    assert "clientId" not in by_queue


@_some
@given(record_strategies.jobs)
def test_a_header_comes_back(job: Job) -> None:
    view = decode_header(encode_header(job))

    assert view.job == job
    assert (view.published, view.progress) == (0, Progress())


@_some
@given(record_strategies.progresses)
def test_progress_comes_back(progress: Progress) -> None:
    assert decode_progress(_progress_row(progress)) == progress


@_some
@given(record_strategies.progresses)
def test_progress_is_written_as_any_other_json(progress: Progress) -> None:
    fields = {
        **encode_counts(progress.counts),
        "retrying": progress.retrying,
        "movedAt": progress.moved_at,
        "samples": [
            [progress.sample.at, progress.sample.worked],
            [progress.next_sample.at, progress.next_sample.worked],
        ],
    }

    assert encode_progress(progress) == compact_json(fields)


@_some
@given(record_strategies.facts)
def test_a_fact_comes_back(fact: Fact) -> None:
    assert decode_fact(encode_fact(make_job(), fact, "commit")) == fact


def test_an_ordinary_item_row_holds_only_what_is_known() -> None:
    row = encode_item("JOB#j#0", make_item(), None)

    assert set(row) == {"PK", "SK", "state", "attempt", "createdAt", "updatedAt", "event"}


def test_events_that_are_alike_take_little_room() -> None:
    events = [
        make_event("claimed", item_id=f"invoice-{n:04d}", previous=n, mark="AbCdEfGh", attempt=1)
        for n in range(9)
    ]

    row = _journal_row(*events)

    assert len(row["events"]["S"]) <= 60 * len(events)


@pytest.mark.parametrize("payload", [None, '{"text":"\u2713 \\u0000"}'])
def test_a_row_that_would_cost_more_than_a_unit_is_packed(payload: str | None) -> None:
    events = tuple(
        make_event("registered", item_id=f"invoice-{n:04d}", mark="AbCdEfGh", payload=payload)
        for n in range(90)
    )

    row = _journal_row(*events)

    assert len(row["packed"]["B"]) < 1_024
    assert decode_journal_row(row).entries == events


def test_a_row_that_packing_does_not_make_smaller_stays_readable() -> None:
    payload = "".join(Random(7).choices([chr(code) for code in range(32)], k=2_000))

    row = _journal_row(make_event(payload=payload))

    assert "packed" not in row
    assert decode_journal_row(row).entries[0].payload == payload


@pytest.mark.parametrize(
    ("decode", "row", "absent"),
    [
        (decode_item, encode_item("JOB#j#0", make_item(), None), "state"),
        (decode_head, encode_head(make_head()), "rules"),
        (decode_head, encode_head(make_head()), "PK"),
        (decode_header, encode_header(make_job()), "jobStatus"),
        (decode_journal_row, _journal_row(make_event()), "at"),
    ],
)
def test_a_row_that_lacks_something_is_corrupt(decode, row: Row, absent: str) -> None:
    broken = {name: value for name, value in row.items() if name != absent}

    with pytest.raises(StorageCorrupt, match=absent):
        decode(broken)


def _fact_row() -> Row:
    fact = Fact(
        number=3,
        kind=FactKind.CREATED,
        epoch=1,
        at=NOW,
        status=JobStatus.RUNNING,
        counts=Counts(),
        duration_ms=0,
    )
    return encode_fact(make_job(), fact, "commit")


def _progress_row(progress: Progress) -> Row:
    values = progress_update(make_job(), progress)["ExpressionAttributeValues"]
    attributes = {name.removeprefix(":"): value for name, value in values.items()}
    return {**progress_key("j"), **attributes}


@pytest.mark.parametrize(
    ("decode", "row", "name", "value"),
    [
        (decode_item, encode_item("JOB#j#0", make_item(), None), "state", {"S": "LOST"}),
        (decode_item, encode_item("JOB#j#0", make_item(), None), "attempt", {"N": "x"}),
        (decode_head, encode_head(make_head()), "rules", {"S": "[]"}),
        (decode_head, encode_head(make_head()), "failures", {"S": "nothing"}),
        (decode_head, encode_head(make_head()), "failures", {"S": '{"Boom":1}{"Bang":2}'}),
        (decode_progress, _progress_row(Progress()), "progress", {"S": "{}"}),
        (decode_fact, _fact_row(), "kind", {"S": "job.lost"}),
        (decode_journal_row, _journal_row(make_event()), "events", {"S": "[1]"}),
        (decode_journal_row, _journal_row(make_event()), "events", {"S": '[["r",7]]'}),
    ],
)
def test_a_row_that_says_what_cannot_be_is_corrupt(decode, row: Row, name: str, value) -> None:
    with pytest.raises(StorageCorrupt) as caught:
        decode({**row, name: value})

    assert caught.value.key == f"{row['PK']['S']} {row['SK']['S']}"


def test_a_state_that_there_is_not_is_named() -> None:
    row = encode_item("JOB#j#0", make_item(), None)

    with pytest.raises(StorageCorrupt, match="'LOST' is not a valid ItemState"):
        decode_item({**row, "state": {"S": "LOST"}})


def test_a_job_that_never_expires_has_no_ttl_in_its_facts() -> None:
    job = make_job()
    permanent = replace(job, spec=replace(job.spec, rules=replace(job.spec.rules, ttl_days=0)))
    fact = decode_fact(_fact_row())

    assert "ttl" in encode_fact(job, fact, "commit")
    assert "ttl" not in encode_fact(permanent, fact, "commit")
