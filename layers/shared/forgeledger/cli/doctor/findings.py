"""What the doctor found: which part, how bad, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forgeledger.cli.deployment import Deployment, Where


class Level(StrEnum):
    OK = "ok"
    # Works, and somebody should look at it.
    WARNING = "warning"
    WRONG = "wrong"
    # Could not be looked at, mostly for want of a permission.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    part: str
    level: Level
    told: str
    # What to do about it.
    advice: str = ""

    def document(self) -> dict[str, str]:
        return {
            "part": self.part,
            "level": self.level.value,
            "told": self.told,
            "advice": self.advice,
        }


Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Target:
    """The deployment that is examined, and the means to do so."""

    deployment: Deployment
    client: Callable[[str], Any]
    # As it was said, for the commands that are advised.
    where: Where = field(default_factory=Where)

    def resource(self, logical_id: str) -> str | None:
        return self.deployment.resources.get(logical_id) or None


@dataclass(frozen=True, slots=True)
class Section:
    """Makes findings about one part of the deployment."""

    name: str

    def ok(self, told: str) -> Finding:
        return Finding(part=self.name, level=Level.OK, told=told)

    def warning(self, told: str, advice: str) -> Finding:
        return Finding(part=self.name, level=Level.WARNING, told=told, advice=advice)

    def wrong(self, told: str, advice: str) -> Finding:
        return Finding(part=self.name, level=Level.WRONG, told=told, advice=advice)

    def unknown(self, told: str, advice: str = "") -> Finding:
        return Finding(part=self.name, level=Level.UNKNOWN, told=told, advice=advice)

    def rules(self, *rules: tuple[bool, str, str]) -> Findings:
        """Each rule that is broken as wrong; one good word when none is."""
        broken = [(told, advice) for holds, told, advice in rules if not holds]
        for told, advice in broken:
            yield self.wrong(told, advice)
        if not broken:
            yield self.ok("as the template has it")


Check = Callable[[Target], Findings]


def error_code(error: Exception) -> str:
    """The code of an error of AWS; empty for any other."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
