"""AWS clients for an engine on this machine: nothing that a user has set up has a say in them."""

import os
from typing import Final

import boto3
import botocore.session

# For the configuration of a client: a proxy would look on its own loopback.
NO_PROXIES: Final[dict[str, str]] = {}


def unsettled_session() -> boto3.session.Session:
    """Reads neither AWS_PROFILE, whose profile may be gone, nor the files of profiles."""
    return boto3.session.Session(
        botocore_session=botocore.session.Session(
            {
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
    )
