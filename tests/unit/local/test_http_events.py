"""The HTTP API's payload format 2.0 in both directions."""

import base64
from datetime import UTC, datetime

import pytest

from forgeledger.local.http_events import (
    HttpRequest,
    MalformedResponse,
    http_response,
    problem,
    request_event,
)


def event_of(target="/jobs/7", *, method="POST", headers=(), body=b"", parameters=None):
    request = HttpRequest(
        method=method,
        target=target,
        headers=[("Host", "abc.example.com:80"), *headers],
        body=body,
        source_ip="127.0.0.1",
    )
    return request_event(
        request,
        route_key="POST /jobs/{jobId}",
        path_parameters=parameters or {},
        api_id="abc",
        request_id="r-1",
        now=datetime(2026, 11, 21, 4, 5, 6, tzinfo=UTC),
    )


def test_a_bare_request_has_exactly_the_documented_fields():
    assert event_of(parameters={"jobId": "7"}, headers=[("User-Agent", "curl")]) == {
        "version": "2.0",
        "routeKey": "POST /jobs/{jobId}",
        "rawPath": "/jobs/7",
        "rawQueryString": "",
        "headers": {"host": "abc.example.com:80", "user-agent": "curl"},
        "pathParameters": {"jobId": "7"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abc",
            "domainName": "abc.example.com",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/jobs/7",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl",
            },
            "requestId": "r-1",
            "routeKey": "POST /jobs/{jobId}",
            "stage": "$default",
            "time": "21/Nov/2026:04:05:06 +0000",
            "timeEpoch": 1795233906000,
        },
        "isBase64Encoded": False,
    }


def test_the_path_is_decoded_and_the_query_is_given_raw_and_decoded():
    event = event_of("/jobs/a%20b?tag=x%20y&tag=z&empty=&plus=1+1")

    assert event["rawPath"] == "/jobs/a b"
    assert event["requestContext"]["http"]["path"] == "/jobs/a b"
    assert event["rawQueryString"] == "tag=x%20y&tag=z&empty=&plus=1+1"
    assert event["queryStringParameters"] == {"tag": "x y,z", "empty": "", "plus": "1 1"}


def test_header_names_are_lowered_and_repeated_ones_joined():
    event = event_of(headers=[("X-Tag", "a"), ("x-tag", "b"), ("Connection", "close")])

    assert event["headers"]["x-tag"] == "a,b"
    assert "connection" not in event["headers"]


def test_cookies_have_a_field_of_their_own():
    event = event_of(headers=[("Cookie", "a=1; b=2"), ("cookie", "c=3;")])

    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "text/csv; charset=utf-8",
        "application/problem+json",
        "image/svg+xml",
    ],
)
def test_a_text_body_stays_text(content_type):
    headers = [("Content-Type", content_type)] if content_type else []

    event = event_of(body="h\u00e9".encode(), headers=headers)

    assert (event["body"], event["isBase64Encoded"]) == ("h\u00e9", False)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/octet-stream", b"abc"), ("application/json", b"\xff\xfe")],
)
def test_a_binary_body_is_base64(content_type, body):
    event = event_of(body=body, headers=[("Content-Type", content_type)])

    assert base64.b64decode(event["body"]) == body
    assert event["isBase64Encoded"] is True


@pytest.mark.parametrize(
    ("answer", "body"), [("plain", b"plain"), ({"a": 1}, b'{"a": 1}'), (None, b"null")]
)
def test_a_response_without_a_status_is_the_body_of_a_200(answer, body):
    response = http_response(answer, "r-1")

    assert (response.status, response.body) == (200, body)
    assert ("content-type", "application/json") in response.headers


def test_a_full_response_keeps_its_status_headers_and_cookies():
    response = http_response(
        {
            "statusCode": "201",
            "headers": {"Location": "/jobs/7", "X-N": 1, "X-B": True, "Content-Length": "99"},
            "cookies": ["a=1", "b=2"],
            "body": "made",
        },
        "r-1",
    )

    assert response.status == 201
    assert response.headers == (
        ("location", "/jobs/7"),
        ("x-n", "1"),
        ("x-b", "true"),
        ("content-type", "text/plain;charset=UTF-8"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("apigw-requestid", "r-1"),
    )
    assert response.body == b"made"


def test_headers_and_cookies_may_be_null_and_a_value_may_be_latin_1():
    bare = http_response({"statusCode": 200, "headers": None, "cookies": None}, "r")
    accented = http_response({"statusCode": 200, "headers": {"x": "\u00e9"}}, "r")

    assert [name for name, _ in bare.headers] == ["content-type", "apigw-requestid"]
    assert accented.headers[0] == ("x", "\u00e9")


def test_bodies_may_be_absent_base64_or_an_object():
    assert http_response({"statusCode": 204}, "r").body == b""
    assert http_response({"statusCode": 200, "body": {"a": 1}}, "r").body == b'{"a": 1}'
    encoded = {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}
    assert http_response(encoded, "r").body == b"\x00\x01"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "teapot"},
        {"statusCode": None},
        {"statusCode": 42},
        {"statusCode": 200, "body": "***", "isBase64Encoded": True},
        {"statusCode": 200, "body": "\u00e9", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"x": "\u2603"}},
        {"statusCode": 200, "headers": {"x": "a\r\nSet-Cookie: b"}},
        {"statusCode": 200, "headers": {"x: y": "a"}},
        {"statusCode": 200, "headers": {"": "a"}},
        {"statusCode": 200, "cookies": 5},
        {"statusCode": 200, "cookies": ["a=1\nx: y"]},
    ],
)
def test_a_response_that_makes_no_sense_is_refused(answer):
    with pytest.raises(MalformedResponse):
        http_response(answer, "r-1")


def test_the_gateways_own_answers_are_short_json():
    response = problem(404, "Not Found")

    assert response.body == b'{"message":"Not Found"}'
