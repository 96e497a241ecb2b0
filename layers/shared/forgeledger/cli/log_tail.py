"""Follows log files from their current ends."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


def follow_logs(files: Mapping[str, Path], pause: Callable[[], None]) -> Iterator[str]:
    """New lines, each after the name of its log, without end; `pause` is called between reads."""
    offsets = {name: path.stat().st_size for name, path in files.items()}
    while True:
        pause()
        for name, path in files.items():
            for line in _new_lines(path, offsets, name):
                yield f"{name}: {line}"


def _new_lines(path: Path, offsets: dict[str, int], name: str) -> list[str]:
    if path.stat().st_size < offsets[name]:
        offsets[name] = 0  # The file was truncated.
    with path.open("rb") as log:
        log.seek(offsets[name])
        content = log.read()
    # An unfinished line is left for the next read.
    complete = content[: content.rfind(b"\n") + 1]
    offsets[name] += len(complete)
    return complete.decode(errors="replace").splitlines()
