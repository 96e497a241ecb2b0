"""A stream's checkpoint on disk, at which reading resumes after a restart."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last record that was processed; `engine` names the engine's run that numbered it."""

    engine: str
    stream_arn: str
    shard_id: str = ""
    sequence_number: str = ""  # Empty: nothing was processed yet.


class CheckpointFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Checkpoint | None:
        """The stored checkpoint; an unreadable one counts as lost, not as never written."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Checkpoint(**json.loads(text))
        except (ValueError, TypeError):
            return Checkpoint(engine="", stream_arn="")

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the file atomically: a crash leaves the old or the new checkpoint."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(checkpoint)), encoding="utf-8")
        scratch.replace(self._path)
