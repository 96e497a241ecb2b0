"""The OpenAPI document and its page: compressed once, and sent only to clients without them.

Imported lazily, for most requests need none of it. The page is small; what is large stands in files
whose names change with their content, so that browsers need not ask for them again.
"""

import base64
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import aws_lambda_powertools
from aws_lambda_powertools.event_handler.api_gateway import Response

from forgeledger.web.error_responses import HttpError

_HTML: Final = "text/html; charset=utf-8"
_JAVASCRIPT: Final = "text/javascript; charset=utf-8"
_CSS: Final = "text/css; charset=utf-8"
_JSON: Final = "application/json"

_POLICY: Final = (
    "default-src 'none'; script-src 'self' blob:; style-src 'self' blob: 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# To be asked for each time, which costs an answer without a body.
_REVALIDATED: Final = "no-cache"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>ForgeLedger API</title>
</head>
<body>
<div id="swagger-ui" data-script="{script}" data-style="{style}" data-needs-key="{needs_key}"></div>
<script src="{start}"></script>
</body>
</html>
"""


@dataclass(frozen=True)
class Content:
    """What is the same for all clients: text, type, and how long it may be cached."""

    content_type: str
    text: bytes
    cache_control: str

    @cached_property
    def _digest(self) -> str:
        return sha256(self.text).hexdigest()[:20]

    @cached_property
    def _compressed(self) -> str:
        # Without the time, so that all running functions send the same.
        return base64.b64encode(gzip.compress(self.text, mtime=0)).decode()

    def named(self, name: str) -> str:
        """The file name with the content's hash in it."""
        stem, dot, extension = name.partition(".")
        return f"{stem}-{self._digest}{dot}{extension}"

    def response(self, headers: Mapping[str, str]) -> Response[str]:
        """The answer to a request with these headers."""
        # Weak: it names the text, in whichever encoding.
        tag = f'W/"{self._digest}"'
        common = {
            **_SECURITY,
            "Cache-Control": self.cache_control,
            "ETag": tag,
            "Vary": "Accept-Encoding",
        }
        if _has_tag(headers.get("if-none-match", ""), tag):
            return Response(304, headers=common, body="")
        if not _takes_gzip(headers.get("accept-encoding", "")):
            return Response(200, self.content_type, self.text.decode(), common)
        compressed = {**common, "Content-Encoding": "gzip"}
        response = Response(200, self.content_type, self._compressed, compressed)
        response.base64_encoded = True
        return response


class ApiDocs:
    def __init__(self, openapi_text: Callable[[], str], *, need_key: bool) -> None:
        self._openapi_text = openapi_text
        self._need_key = need_key
        # By the base path, which is the stage that API Gateway was deployed to.
        self._documents: dict[str, Content] = {}

    def document(self, base_path: str) -> Content:
        if base_path not in self._documents:
            text = self._openapi_text().encode()
            self._documents[base_path] = Content(_JSON, text, _REVALIDATED)
        return self._documents[base_path]

    @cached_property
    def page(self) -> Content:
        script, style, start = (f"swagger/{name}" for name in _files())
        need_key = str(self._need_key).lower()
        text = _PAGE.format(script=script, style=style, start=start, needs_key=need_key)
        return Content(_HTML, text.encode(), _REVALIDATED)

    @staticmethod
    def file(name: str) -> Content:
        if name not in _files():
            raise HttpError(404, "not_found", "There is no such file; load the page again.")
        return _files()[name]


@cache
def _files() -> dict[str, Content]:
    """Swagger UI's script and style, and what starts it, by their names."""
    # Not by import: that would load powertools' models of OpenAPI.
    powertools = Path(aws_lambda_powertools.__file__).parent
    swagger_ui = powertools / "event_handler" / "openapi" / "swagger_ui"
    files = (
        ("swagger-ui.js", _JAVASCRIPT, swagger_ui / "swagger-ui-bundle.min.js"),
        ("swagger-ui.css", _CSS, swagger_ui / "swagger-ui.min.css"),
        ("start.js", _JAVASCRIPT, Path(__file__).parent / "swagger.js"),
    )
    contents = [(name, Content(kind, path.read_bytes(), _IMMUTABLE)) for name, kind, path in files]
    return {content.named(name): content for name, content in contents}


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in ("gzip", "*"):
            return weight.strip("0.") != "" or not weight
    return False


def _has_tag(if_none_match: str, tag: str) -> bool:
    tags = [part.strip() for part in if_none_match.split(",")]
    # Weak comparison: a proxy may have made a strong tag of it, or the other way round.
    return "*" in tags or tag.removeprefix("W/") in [part.removeprefix("W/") for part in tags]
