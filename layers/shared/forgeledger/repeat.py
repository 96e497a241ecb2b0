"""A request that its sender may repeat."""

from hashlib import blake2b

from forgeledger.fast_dataclass import fast_frozen


@fast_frozen
class Repeat:
    """Identifies a repeated request: its idempotency key and a fingerprint of its content."""

    key: str
    fingerprint: str

    @property
    def request_id(self) -> str:
        return blake2b(f"{self.key}\n{self.fingerprint}".encode(), digest_size=16).hexdigest()
