"""The HTTP API's payload format 2.0: a request as an event, a function's response as HTTP."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "cookie"}
# In HTTP, a header's name is a token, and its value Latin-1 without control characters.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_TEXT_TYPES: Final = {"application/json", "application/javascript", "application/xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    method: str
    target: str  # As in the request line.
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedResponse(ValueError):
    """A response for which an HTTP API answers 500 Internal Server Error."""


def request_event(
    request: HttpRequest,
    *,
    route_key: str,
    path_parameters: Mapping[str, str],
    api_id: str,
    request_id: str,
    now: datetime,
) -> dict[str, Any]:
    raw_path, _, raw_query = request.target.partition("?")
    path = unquote(raw_path)
    headers = _joined_headers(request.headers)
    host = headers.get("host", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": api_id,
            "domainName": host.partition(":")[0],
            "domainPrefix": host.partition(".")[0].partition(":")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies := _cookies(request.headers):
        event["cookies"] = cookies
    if query := _query(raw_query):
        event["queryStringParameters"] = query
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers.get("content-type"))
    return event


def _joined_headers(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered not in _HOP_BY_HOP:
            joined[lowered] = f"{joined[lowered]},{value}" if lowered in joined else value
    return joined


def _cookies(headers: Sequence[tuple[str, str]]) -> list[str]:
    return [
        cookie.strip()
        for name, value in headers
        if name.lower() == "cookie"
        for cookie in value.split(";")
        if cookie.strip()
    ]


def _query(raw_query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, content_type: str | None) -> tuple[str, bool]:
    kind = (content_type or "text/plain").partition(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))
    if is_text:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def http_response(response: Any, request_id: str) -> HttpResponse:
    """A function's response as HTTP; one without `statusCode` is the body of a 200."""
    marker = ("apigw-requestid", request_id)
    if not isinstance(response, dict) or "statusCode" not in response:
        text = response if isinstance(response, str) else json.dumps(response)
        headers = (("content-type", "application/json"), marker)
        return HttpResponse(status=200, headers=headers, body=text.encode())
    fields = [
        (name.lower(), _header_text(value))
        for name, value in _field(response, "headers", dict).items()
    ]
    if all(name != "content-type" for name, _ in fields):
        fields.append(("content-type", "text/plain;charset=UTF-8"))
    fields += [("set-cookie", str(cookie)) for cookie in _field(response, "cookies", list)]
    fields.append(marker)
    for name, value in fields:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise MalformedResponse(f"invalid header {name!r}: {value!r}")
    return HttpResponse(
        status=_status(response["statusCode"]),
        headers=tuple(field for field in fields if field[0] != "content-length"),
        body=_response_body(response),
    )


def _field(response: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    value = response.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise MalformedResponse(f"{name} is {value!r}")
    return value


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        status = 0
    if not 100 <= status <= 599:
        raise MalformedResponse(f"statusCode is {value!r}")
    return status


def _header_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _response_body(response: Mapping[str, Any]) -> bytes:
    body = response.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        body = json.dumps(body)
    if not response.get("isBase64Encoded"):
        return bytes(body.encode())
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise MalformedResponse("the body is not base64") from error


def problem(status: int, message: str) -> HttpResponse:
    """A response of the gateway itself, in API Gateway's words."""
    return HttpResponse(
        status=status,
        headers=(("content-type", "application/json"),),
        body=json.dumps({"message": message}, separators=(",", ":")).encode(),
    )
