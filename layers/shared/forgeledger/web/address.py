"""Check the address of the API or of a queue; the SDK and the command line use it."""

import re
from urllib.parse import urlsplit


def why_no_web_address(address: object) -> str | None:
    """The rule that the address breaks, with its value; None for a valid one."""
    if _is_web_address(address):
        return None
    return f"needs http:// or https:// in front, a host, and no space or backslash, not {address!r}"


def _is_web_address(address: object) -> bool:
    # URL parsers disagree about the host of an address with a backslash.
    if not isinstance(address, str) or re.search(r"[\s\\]", address):
        return False
    try:
        parts = urlsplit(address)
        # Reading an invalid host or port raises ValueError.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
