"""Every store: lists of jobs, items, journal rows and facts, page by page."""

from dataclasses import replace

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobView, LedgerStore
from tests.support.builders import NOW, make_command, make_item
from tests.support.lane_steps import apply, create_job, loaded, register, registrations
from tests.support.stored_jobs import reopened_job, sealed_job, verdict_of


def _completed(store: LedgerStore, job_id: str) -> JobView:
    assert store.commit_job(verdict_of(sealed_job(store, job_id)))
    return loaded(store, job_id)


def test_a_job_is_open_until_it_is_finished_and_published(store: LedgerStore, moment: int) -> None:
    # In the last shard, after all that other tests have put there.
    job_id, start = make_job_id(moment, 15, 1), make_job_id(moment - 1, 15, 1)
    create_job(store, job_id)
    assert store.list_open(start, 10) == ((job_id,), None)

    store.mark_published(job_id, 1, done=False)
    assert store.list_open(start, 10) == ((job_id,), None)


def test_a_finished_job_without_unpublished_facts_is_not_open(
    store: LedgerStore, moment: int
) -> None:
    # In the last shard, after all that other tests have put there.
    job_id, start = make_job_id(moment, 15, 1), make_job_id(moment - 1, 15, 1)
    view = _completed(store, job_id)

    store.mark_published(job_id, view.job.facts - 1, done=True)
    assert store.list_open(start, 10) == ((job_id,), None)
    assert loaded(store, job_id).published == view.job.facts - 1
    store.mark_published(job_id, view.job.facts, done=True)

    assert store.list_open(start, 10) == ((), None)
    assert loaded(store, job_id).published == view.job.facts
    reopened_job(store, view)
    assert store.list_open(start, 10) == ((job_id,), None)


def test_open_jobs_are_listed_page_by_page(store: LedgerStore, moment: int) -> None:
    job_ids = tuple(make_job_id(moment + n, 15, 1) for n in range(5))
    for job_id in job_ids:
        create_job(store, job_id)
    start = make_job_id(moment - 1, 15, 1)

    assert store.list_open(start, 2) == (job_ids[:2], job_ids[1])
    assert store.list_open(job_ids[1], 2) == (job_ids[2:4], job_ids[3])
    assert store.list_open(job_ids[3], 2) == (job_ids[4:], None)
    assert store.list_open(start, 5) == (job_ids, None)


def test_jobs_of_all_shards_are_listed_as_open_page_by_page(
    store: LedgerStore, moment: int
) -> None:
    job_ids = {make_job_id(moment + n, 31 - n, 1) for n in range(32)}
    for job_id in job_ids:
        create_job(store, job_id)

    listed, after = store.list_open(None, 3)
    while after is not None:
        page, after = store.list_open(after, 3)
        listed += page

    assert job_ids <= set(listed)
    assert len(set(listed)) == len(listed)


def test_jobs_of_all_shards_are_listed_newest_first(store: LedgerStore, moment: int) -> None:
    job_ids = [make_job_id(moment + n, 40 - n, 1) for n in range(12)]
    for job_id in job_ids:
        create_job(store, job_id)

    listed: list[str] = []
    before: str | None = make_job_id(moment + 12, 0, 1)
    while len(listed) < 12 and before is not None:
        views, before = store.list_jobs(JobStatus.RUNNING, None, before, 5)
        listed += [view.job.job_id for view in views]

    assert listed[:12] == job_ids[::-1]


def test_some_job_is_listed_first_when_nobody_says_where_to_begin(
    store: LedgerStore, job_id: str
) -> None:
    view = create_job(store, job_id)

    assert len(store.list_open(None, 1)[0]) == 1
    newest, _ = store.list_jobs(None, None, None, 1)
    assert newest == (replace(view, heads=()),)


def test_jobs_are_listed_newest_first(store: LedgerStore, moment: int) -> None:
    job_ids = [make_job_id(moment + n, 7, 1) for n in range(5)]
    for job_id in job_ids:
        create_job(store, job_id)
    end = make_job_id(moment + 9, 0, 1)

    first, following = store.list_jobs(None, None, end, 2)
    second, _ = store.list_jobs(None, None, following, 2)

    assert [view.job.job_id for view in first] == [job_ids[4], job_ids[3]]
    assert [view.job.job_id for view in second] == [job_ids[2], job_ids[1]]
    assert first[0].heads == ()


def test_jobs_are_listed_by_status(store: LedgerStore, moment: int) -> None:
    running, done = make_job_id(moment, 7, 1), make_job_id(moment + 1, 7, 1)
    create_job(store, running)
    completed = _completed(store, done)

    newest_done, _ = store.list_jobs(JobStatus.COMPLETED, None, None, 1)
    newest_running, _ = store.list_jobs(JobStatus.RUNNING, None, None, 1)
    newest, _ = store.list_jobs(None, None, None, 2)

    assert [view.job for view in newest_done] == [completed.job]
    assert [view.job.job_id for view in newest_running] == [running]
    assert [view.job.job_id for view in newest] == [done, running]


def test_jobs_are_listed_by_tag_wherever_they_stand(store: LedgerStore, moment: int) -> None:
    tag = f"tag-{moment}"
    job_ids = [make_job_id(moment + n, 7, 1) for n in range(12)]
    for n, job_id in enumerate(job_ids):
        create_job(store, job_id, tags=(tag, "x") if n in {0, 1, 11} else ("x",))

    listed, before = [], make_job_id(moment + 99, 0, 1)
    for _ in range(10):
        views, before = store.list_jobs(None, tag, before, 2)
        listed += [view.job.job_id for view in views]
        if before is None or before < job_ids[0]:
            break

    assert listed == [job_ids[11], job_ids[1], job_ids[0]]


def test_jobs_are_listed_by_a_part_of_their_name(store: LedgerStore, moment: int) -> None:
    job_ids = [make_job_id(moment + n, 7, 1) for n in range(3)]
    for n, job_id in enumerate(job_ids):
        create_job(store, job_id, name=f"Job {moment} {'odd' if n % 2 else 'even'}", tags=("x",))

    named, _ = store.list_jobs(None, None, make_job_id(moment + 9, 0, 1), 2, name=f"{moment} EVEN")
    tagged, _ = store.list_jobs(None, "y", make_job_id(moment + 9, 0, 1), 2, name=f"{moment}")

    assert [view.job.job_id for view in named] == [job_ids[2], job_ids[0]]
    assert f"{moment}" not in " ".join(view.job.spec.name for view in tagged)


def test_a_page_by_tag_ends_within_what_was_read(store: LedgerStore, moment: int) -> None:
    tag = f"tag-{moment}"
    job_ids = [make_job_id(moment + n, 7, 1) for n in range(4)]
    for n, job_id in enumerate(job_ids):
        create_job(store, job_id, tags=() if n == 2 else (tag,))

    first, before = store.list_jobs(None, tag, make_job_id(moment + 9, 0, 1), 2)
    second, _ = store.list_jobs(None, tag, before, 1)

    assert [view.job.job_id for view in (*first, *second)] == [job_ids[3], job_ids[1], job_ids[0]]


def test_the_last_page_of_jobs_says_that_it_is_the_last(store: LedgerStore, moment: int) -> None:
    _completed(store, make_job_id(moment, 7, 1))
    total, before = 0, None

    for _ in range(500):
        views, before = store.list_jobs(JobStatus.COMPLETED, None, before, 3)
        total += len(views)
        if before is None:
            break

    assert before is None
    assert total >= 1


def test_items_are_listed_by_name(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    names = ["b", "a", "a#1", "Z", "\u00e9", "\U0001f9fe", "\uffee", "a\x00", "LANE", "~"]
    register(store, job_id, names)
    expected = sorted(names)

    first = store.list_items(job_id, 0, None, 4)
    second = store.list_items(job_id, 0, first.next_after, 4)
    third = store.list_items(job_id, 0, second.next_after, 4)

    assert [item.item_id for item in first.items] == expected[:4]
    assert [item.item_id for item in second.items] == expected[4:8]
    assert [item.item_id for item in third.items] == expected[8:]
    assert third.next_after is None
    assert store.list_items(job_id, 0, None, len(names)).next_after is None


def test_items_are_listed_after_a_name_that_no_item_has(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "c"])

    page = store.list_items(job_id, 0, "b", 10)

    assert [item.item_id for item in page.items] == ["c"]
    assert page.items == (make_item(item_id="c", offset=1, seen=page.items[0].seen),)


def test_a_page_of_items_may_be_larger_than_one_answer(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    payload = f'"{"x" * 30_000}"'
    names = [f"item-{number:02d}" for number in range(40)]
    for start in range(0, len(names), 8):
        apply(
            store,
            job_id,
            *(
                replace(registration, payload=payload)
                for registration in registrations(names[start : start + 8])
            ),
        )

    page = store.list_items(job_id, 0, None, 39)
    rows = store.read_journal(job_id, 0, 0, 10)

    assert [item.item_id for item in page.items] == names[:39]
    assert page.next_after == names[38]
    assert sum(len(row.entries) for row in rows) == 40


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [(0, 10, [0, 2, 5]), (1, 1, [0]), (2, 1, [2]), (4, 10, [2, 5]), (5, 10, [5]), (6, 10, [])],
)
def test_the_journal_is_read_from_any_event(
    store: LedgerStore, job_id: str, offset: int, limit: int, expected: list[int]
) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "b"])
    register(store, job_id, ["c", "d", "e"])
    register(store, job_id, ["f"])

    rows = store.read_journal(job_id, 0, offset, limit)

    assert [row.offset for row in rows] == expected


def test_facts_are_read_from_a_number_on(store: LedgerStore, job_id: str) -> None:
    _completed(store, job_id)

    assert [fact.number for fact in store.read_facts(job_id, 1, 10)] == [1, 2]
    assert [fact.number for fact in store.read_facts(job_id, 0, 2)] == [0, 1]
    assert store.read_facts(job_id, 3, 10) == ()


def test_jobs_are_listed_with_their_progress(store: LedgerStore, moment: int) -> None:
    old, new = make_job_id(moment, 7, 1), make_job_id(moment + 1, 7, 1)
    job = create_job(store, old, tags=("progress",)).job
    create_job(store, new, tags=("progress",))
    progress = Progress(counts=Counts(completed=3), retrying=2, offsets=9, at=NOW)
    assert store.roll_up(job, progress)

    views, _ = store.list_jobs(None, "progress", make_job_id(moment + 2, 0, 1), 2)

    assert [(view.job.job_id, view.progress) for view in views] == [
        (new, Progress()),
        (old, progress),
    ]


def test_one_page_of_large_items_ends_before_the_limit_and_the_rest_follows(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    names = [f"item-{number:02}" for number in range(60)]
    for start in range(0, 60, 20):
        commands = [
            make_command("register", item_id=name, payload='"' + "x" * 30_000 + '"')
            for name in names[start : start + 20]
        ]
        for at in range(0, 20, 5):
            apply(store, job_id, *commands[at : at + 5])

    pages = [store.list_items(job_id, 0, None, 100, one_page=True)]
    while pages[-1].next_after is not None:
        pages.append(store.list_items(job_id, 0, pages[-1].next_after, 100, one_page=True))

    assert len(pages) > 1
    assert [item.item_id for page in pages for item in page.items] == names
