"""Limits of every HTTP request."""

from typing import Final

# Lambda's limit is 6 MB for the whole event, with the body escaped or in base64. The gateway would
# answer a larger request itself, without a problem document.
HTTP_BODY_BYTES: Final = 4 * 1024 * 1024
IDEMPOTENCY_KEY_CHARACTERS: Final = 256
IDEMPOTENCY_SECONDS: Final = 600
