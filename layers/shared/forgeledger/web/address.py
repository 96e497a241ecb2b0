"""What an address of the API or of a queue has to be, for the SDK and the command line alike."""

import re
from urllib.parse import urlsplit


def why_no_web_address(address: object) -> str | None:
    """The rule that it breaks, and what it is; None for one that may be asked."""
    if _is_web_address(address):
        return None
    return f"needs http:// or https:// in front, a host, and no space or backslash, not {address!r}"


def _is_web_address(address: object) -> bool:
    # Not all readers of addresses agree on which host one with a backslash names.
    if not isinstance(address, str) or re.search(r"[\s\\]", address):
        return False
    try:
        parts = urlsplit(address)
        # Whoever asks for a port or a host that is none is told so by an error.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
