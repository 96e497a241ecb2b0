"""A request that its sender may repeat."""

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What makes a request the same when its sender repeats it: a key, and what it says."""

    key: str
    fingerprint: str

    @property
    def request_id(self) -> str:
        digest = blake2b(f"{self.key}\n{self.fingerprint}".encode(), digest_size=16)
        return digest.hexdigest()
