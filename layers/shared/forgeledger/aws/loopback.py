"""AWS clients for an engine on this machine: nothing that a user has configured affects them."""

import os
from typing import Final

from botocore.session import Session

# Any credentials do; these are what the engine itself is started with.
ACCESS_KEY: Final = "test"
# For the configuration of a client: a proxy would connect to its own loopback.
NO_PROXIES: Final[dict[str, str]] = {}


def loopback_session() -> Session:
    """Reads neither AWS_PROFILE, whose profile may be gone, nor the files of profiles."""
    return Session(
        {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
