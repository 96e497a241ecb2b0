"""Lines as they are added to logs, from where each of them ends now."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


def follow_logs(files: Mapping[str, Path], pause: Callable[[], None]) -> Iterator[str]:
    """New lines with the name of their log in front, for ever; `pause` is called between looks."""
    offsets = {part: path.stat().st_size for part, path in files.items()}
    while True:
        pause()
        for part, path in files.items():
            for line in _added(path, offsets, part):
                yield f"{part}: {line}"


def _added(path: Path, offsets: dict[str, int], part: str) -> list[str]:
    size = path.stat().st_size
    if size < offsets[part]:
        offsets[part] = 0  # It was begun anew.
    with path.open("rb") as log:
        log.seek(offsets[part])
        content = log.read()
    # What has no end yet is left for the next look.
    whole = content[: content.rfind(b"\n") + 1]
    offsets[part] += len(whole)
    return whole.decode(errors="replace").splitlines()
