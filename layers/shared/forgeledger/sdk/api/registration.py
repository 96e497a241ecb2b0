"""Register any number of items: in chunks, several requests at once, in bounded memory."""

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

# Lambda accepts 6 MB and the API a body of 4 MB: this leaves room for headers and other fields.
_CHUNK_BYTES: Final = 3 * 1024 * 1024
# Each has a thread of its own.
_MOST_PARALLEL: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationOptions:
    """How many items are sent at once.

    chunk_items: the most items in a request. Default 1_000.
    parallel: how many requests are in flight; one chunk more is in memory. Default 4.
    """

    chunk_items: int = ITEMS_PER_REGISTRATION
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
    """Sends every chunk once; the one that seals is sent when all others are answered."""
    total = Registration()
    in_flight: set[Future[Registration]] = set()
    taken = 0

    def gather(*, leave: int) -> None:
        nonlocal total
        while len(in_flight) > leave:
            for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                # If this raises, the other futures stay in flight and are counted at the end.
                total += future.result()
                in_flight.remove(future)
                if on_progress is not None:
                    on_progress(total)

    pool = ThreadPoolExecutor(parallel, thread_name_prefix="forgeledger-register")
    try:
        for chunk, is_last in _with_is_last(ahead):
            if is_last and seal:
                gather(leave=0)
            in_flight.add(pool.submit(_send_from, taken, send, chunk, is_last and seal))
            taken += len(chunk)
            gather(leave=parallel - 1)
        gather(leave=0)
    except SdkError as error:
        total += _counts_of(in_flight)
        raise RegistrationStoppedError(total) from error
    except BaseException as error:
        # An error of the caller's iterable, or Ctrl-C: add how many items were answered.
        total += _counts_of(in_flight)
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
    """Its size in Lambda's event: the body is text in JSON, with quotes and backslashes escaped."""
    written = ascii_json(item)
    return len(written) + written.count('"') + written.count("\\") + len(",")


def _send_from(first: int, send: Send, chunk: Chunk, seals: bool) -> Registration:
    """Sends a chunk; item indexes in errors count from the start of the registration."""
    try:
        return send(chunk, seals)
    except InvalidRequestError as error:
        raise InvalidRequestError(counted_from(first, error.problem)) from error


def _with_is_last(chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    ahead = next(chunks, None)
    while ahead is not None:
        chunk, ahead = ahead, next(chunks, None)
        yield chunk, ahead is None


def _counts_of(in_flight: set[Future[Registration]]) -> Registration:
    """The counts of the requests that were in flight when another one failed."""
    total = Registration()
    for future in wait(in_flight).done:
        if not future.cancelled() and future.exception() is None:
            total += future.result()
    return total
