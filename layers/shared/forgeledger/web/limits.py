"""Limits of every HTTP request."""

from typing import Final

# Lambda takes an event of 6 MB, in which the body is escaped or in base64: a larger one would be
# refused in front of us, without a problem document.
HTTP_BODY_BYTES: Final = 4 * 1024 * 1024
IDEMPOTENCY_KEY_CHARACTERS: Final = 256
IDEMPOTENCY_SECONDS: Final = 600
