"""Registering any number of items: chunked, several requests at once, bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from forgeledger.jobs.model.limits import ITEMS_PER_REGISTRATION
from forgeledger.sdk.api.item_input import ItemSpec, counted_from
from forgeledger.sdk.errors import InvalidRequestError, RegistrationStoppedError, SdkError
from forgeledger.sdk.json_encoder import ascii_json
from forgeledger.sdk.records import Registration
from forgeledger.sdk.setting_checks import check_whole

# Lambda takes 6 MB and the API a body of 4 MB: room is left for headers and a job's own fields.
_CHUNK_BYTES: Final = 3 * 1024 * 1024
# Each has a thread of its own.
_MOST_PARALLEL: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationOptions:
    chunk_items: int = ITEMS_PER_REGISTRATION
    # How many requests are on their way at once; so many chunks, and one more, are in memory.
    parallel: int = 4

    def __post_init__(self) -> None:
        check_whole("chunk_items", self.chunk_items, 1, ITEMS_PER_REGISTRATION)
        check_whole("parallel", self.parallel, 1, _MOST_PARALLEL)


Chunk = list[ItemSpec]
Send = Callable[[Chunk, bool], Registration]
OnProgress = Callable[[Registration], None]


def register_all(
    ahead: Iterator[Chunk],
    send: Send,
    *,
    seal: bool,
    parallel: int,
    on_progress: OnProgress | None = None,
) -> Registration:
    """Sends every chunk once; the one that seals goes last, when all others are answered."""
    total = Registration()
    on_the_way: set[Future[Registration]] = set()
    taken = 0

    def gather(*, leave: int) -> None:
        nonlocal total
        while len(on_the_way) > leave:
            # Where one of them failed, the others are still to be counted, and so stay until then.
            for answered in wait(on_the_way, return_when=FIRST_COMPLETED).done:
                total += answered.result()
                on_the_way.remove(answered)
                if on_progress is not None:
                    on_progress(total)

    pool = ThreadPoolExecutor(parallel, thread_name_prefix="forgeledger-register")
    try:
        for chunk, is_last in _marking_the_last(ahead):
            if is_last and seal:
                gather(leave=0)
            on_the_way.add(pool.submit(_send_from, taken, send, chunk, is_last and seal))
            taken += len(chunk)
            gather(leave=parallel - 1)
        gather(leave=0)
    except SdkError as error:
        total += _answered(on_the_way)
        raise RegistrationStoppedError(total) from error
    except BaseException as error:
        # Of whoever gave the items, or Ctrl-C: it says itself what it is, not how far this came.
        total += _answered(on_the_way)
        if total.sent or isinstance(error, KeyboardInterrupt):
            error.add_note(str(RegistrationStoppedError(total)))
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return total


def chunks(items: Iterable[ItemSpec], most_items: int) -> Iterator[Chunk]:
    """Chunks that a request can hold, by number and by size."""
    chunk: Chunk = []
    chunk_bytes = 0
    for item in items:
        size = _bytes_in_event(item)
        if chunk and (len(chunk) >= most_items or chunk_bytes + size > _CHUNK_BYTES):
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(item)
        chunk_bytes += size
    if chunk:
        yield chunk


def _bytes_in_event(item: ItemSpec) -> int:
    """Where Lambda reads it the body is a text in JSON, each quote and backslash escaped.

    A character may become as many as twelve bytes of a request.
    """
    written = ascii_json(item)
    return len(written) + written.count('"') + written.count("\\") + len(",")


def _send_from(first: int, send: Send, chunk: Chunk, seals: bool) -> Registration:
    """Sends a chunk; what the API finds wrong is told by its place in all that was given."""
    try:
        return send(chunk, seals)
    except InvalidRequestError as error:
        raise InvalidRequestError(counted_from(first, error.problem)) from error


def _marking_the_last(chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    ahead = next(chunks, None)
    while ahead is not None:
        chunk, ahead = ahead, next(chunks, None)
        yield chunk, ahead is None


def _answered(on_the_way: set[Future[Registration]]) -> Registration:
    """What the requests that were still on their way achieved after another one had failed."""
    total = Registration()
    for future in wait(on_the_way).done:
        if not future.cancelled() and future.exception() is None:
            total += future.result()
    return total
