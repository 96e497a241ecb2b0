"""What `doctor` finds: the part of the deployment, how bad it is, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forgeledger.cli.deployment import Deployment, Where


class Level(StrEnum):
    OK = "ok"
    # It works, but needs attention.
    WARNING = "warning"
    WRONG = "wrong"
    # It could not be checked, mostly because a permission is missing.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    part: str
    level: Level
    message: str
    # What to do about it.
    advice: str = ""

    def document(self) -> dict[str, str]:
        return {
            "part": self.part,
            "level": self.level.value,
            "message": self.message,
            "advice": self.advice,
        }


Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Target:
    """The deployment that is checked, and the clients to do so."""

    deployment: Deployment
    client: Callable[[str], Any]
    # The options that the user gave, for the commands in the advice.
    where: Where = field(default_factory=Where)

    @property
    def is_local(self) -> bool:
        return self.deployment.endpoints.is_local

    def resource(self, logical_id: str) -> str | None:
        return self.deployment.resources.get(logical_id) or None


@dataclass(frozen=True, slots=True)
class Section:
    """Makes the findings about one part of the deployment."""

    name: str

    def ok(self, message: str) -> Finding:
        return Finding(part=self.name, level=Level.OK, message=message)

    def warning(self, message: str, advice: str) -> Finding:
        return Finding(part=self.name, level=Level.WARNING, message=message, advice=advice)

    def wrong(self, message: str, advice: str) -> Finding:
        return Finding(part=self.name, level=Level.WRONG, message=message, advice=advice)

    def unknown(self, message: str, advice: str = "") -> Finding:
        return Finding(part=self.name, level=Level.UNKNOWN, message=message, advice=advice)

    def rules(self, *rules: tuple[bool, str, str]) -> Findings:
        """A finding for each broken rule; one that all is well if none is broken."""
        broken = [(message, advice) for holds, message, advice in rules if not holds]
        for message, advice in broken:
            yield self.wrong(message, advice)
        if not broken:
            yield self.ok("as in the template")


Check = Callable[[Target], Findings]
