"""Check the address of the API or of a queue; the SDK and the command line use it."""

import re
from ipaddress import ip_address
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


def is_loopback(host: str | None) -> bool:
    """Whether a host, as `urlsplit` gives it, is this machine."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def why_no_secret_may_be_sent(address: str) -> str | None:
    """The rule that a valid address breaks as the target of a secret; None if it breaks none."""
    parts = urlsplit(address)
    if parts.scheme == "https" or is_loopback(parts.hostname):
        return None
    return f"needs https:// in front, since the API key would be readable on the way to {address!r}"
