"""A job of one lane with far more bytes of payloads than one answer may read."""

from typing import Any


def job_of_large_items(caller: Any) -> str:
    """Nine megabytes in items from i000 to i299."""
    items = [{"itemId": f"i{number:03}", "payload": "x" * 30_000} for number in range(300)]
    job_id: str = caller.new_job(lanes=1)
    for start in range(0, 300, 100):
        caller.post(f"/jobs/{job_id}/items:register", {"items": items[start : start + 100]})
    return job_id


def payload_bytes_read(store: Any) -> list[int]:
    """What each listing of the store reads from now on."""
    read, list_items = [], store.list_items

    def count(*arguments: Any, **named: Any) -> Any:
        page = list_items(*arguments, **named)
        read.append(sum(len(item.payload) for item in page.items))
        return page

    store.list_items = count
    return read
