"""Where a stream reader stands, kept on disk so that a restart goes on from there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last record that is done with; `engine` names the run of the engine that numbered it."""

    engine: str
    stream_arn: str
    shard_id: str = ""
    sequence_number: str = ""  # Empty: the stream was opened and nothing of it is done.


class CheckpointFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Checkpoint | None:
        """The stored checkpoint; one that cannot be read counts as lost, not as never made."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Checkpoint(**json.loads(text))
        except (ValueError, TypeError):
            return Checkpoint(engine="", stream_arn="")

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace it in one step: a crash leaves the old one or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(checkpoint)), encoding="utf-8")
        scratch.replace(self._path)
