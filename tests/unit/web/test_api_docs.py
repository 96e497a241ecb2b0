"""The API's description and its page: small, cached, compressed, and open as a parameter says."""

import base64
import gzip
import re
from unittest.mock import patch

import pytest

from forgeledger.bootstrap.api import build_api, build_resolver
from forgeledger.execution.services import execution_on
from forgeledger.jobs.services import services_on
from forgeledger.web.api import Api
from forgeledger.web.request_guard import RequestGuard
from forgeledger.web.resolver import LedgerResolver
from tests.support.api_callers import Caller, Context

DOCUMENT, PAGE = "/openapi.json", "/swagger"
# The page as it was had 1.8 MB.
SMALL_BYTES = 1_000


def files_of(page):
    """The addresses of the page's script, style and start, as a browser resolves them."""
    return [f"/{name}" for name in re.findall(r'="(swagger/[^"]+)"', page.text)]


@pytest.fixture
def files(caller):
    return files_of(caller.get(PAGE))


def test_the_page_is_small_and_names_its_files_by_their_content(caller, files):
    page = caller.get(PAGE)

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(page.text) < SMALL_BYTES
    assert [re.sub(r"-[0-9a-f]{20}\.", ".", file) for file in files] == [
        "/swagger/swagger-ui.js",
        "/swagger/swagger-ui.css",
        "/swagger/start.js",
    ]


def test_the_files_are_there_and_stay_in_caches_for_good(caller, files):
    replies = [caller.get(file) for file in files]

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert {reply.headers["Cache-Control"] for reply in replies} == {
        "public, max-age=31536000, immutable"
    }
    kinds = [reply.headers["Content-Type"].partition(";")[0] for reply in replies]
    assert kinds == ["text/javascript", "text/css", "text/javascript"]
    assert "SwaggerUIBundle" in replies[0].text


@pytest.mark.parametrize("name", ["start.js", "start-00000000000000000000.js", "..", "api_docs.py"])
def test_no_other_file_is_there(caller, name):
    reply = caller.get(f"/swagger/{name}")

    assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("number", range(5))
def test_all_of_it_has_security_headers(caller, files, number):
    headers = caller.get([DOCUMENT, PAGE, *files][number]).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' blob:;")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_page_has_no_inline_script_or_style(caller):
    page = caller.get(PAGE).text

    assert re.findall(r"<script(?! src=)|<style| style=| on\w+=", page) == []


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("br, *", True),
        ("GZIP; q=1.0", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
        ("x-gzipped", False),
    ],
)
def test_it_is_compressed_where_the_client_takes_it(caller, accepted, is_compressed):
    plain = caller.get(DOCUMENT).text
    caller.headers["accept-encoding"] = accepted

    result = caller.api.answer(caller.event("GET", DOCUMENT, headers=caller.headers), Context())
    body, headers = result.response["body"], result.response["headers"]

    assert headers["Vary"] == "Accept-Encoding"
    assert (headers.get("Content-Encoding") == "gzip") is is_compressed
    assert result.response["isBase64Encoded"] is is_compressed
    text = gzip.decompress(base64.b64decode(body)).decode() if is_compressed else body
    assert text == plain
    assert not is_compressed or len(body) < len(plain) / 4


def test_the_document_is_built_once_for_each_stage(caller):
    staged = caller.event("GET", "/prod/openapi.json")
    staged["requestContext"]["stage"] = "prod"
    original = LedgerResolver.openapi_text

    with patch.object(LedgerResolver, "openapi_text", autospec=True, side_effect=original) as built:
        first, again = caller.get(DOCUMENT), caller.get(DOCUMENT)
        of_stage, of_stage_again = caller.send(staged), caller.send(staged)

    assert built.call_count == 2
    assert (again.text, of_stage_again.text) == (first.text, of_stage.text)
    assert of_stage.json["servers"] == [{"url": "/prod"}]


def test_what_is_compressed_is_compressed_once(caller, files):
    caller.headers["accept-encoding"] = "gzip"
    first = caller.get(files[1])

    with patch("gzip.compress", side_effect=AssertionError):
        again = caller.get(files[1])

    assert again.text == first.text


@pytest.mark.parametrize("path", [DOCUMENT, PAGE])
def test_who_has_it_gets_an_answer_without_a_body(caller, path):
    first = caller.get(path)
    tag = first.headers["ETag"]
    known = [tag, tag.removeprefix("W/"), f'"other", {tag}', "*"]

    replies = [send(caller, path, **{"if-none-match": value}) for value in known]
    other = send(caller, path, **{"if-none-match": '"other"'})

    assert first.headers["Cache-Control"] == "no-cache"
    assert [(reply.status, reply.text) for reply in replies] == [(304, "")] * 4
    assert {reply.headers["ETag"] for reply in replies} == {tag}
    assert (other.status, other.text) == (200, first.text)


def send(caller, path, **headers):
    return caller.send(caller.event("GET", path, headers={**caller.headers, **headers}))


@pytest.mark.parametrize("path", [DOCUMENT, PAGE, "/swagger/start-0.js"])
def test_the_route_with_the_general_throttle_leads_to_none_of_it(caller, path):
    event = caller.event("GET", path)
    event["routeKey"] = event["requestContext"]["routeKey"] = "ANY /{proxy+}"

    reply = caller.send(event)

    assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.fixture
def guarded(world):
    """A caller without a key, of an API whose description needs one."""
    services = services_on(world.store, world.claims, world.runtime)
    execution = execution_on(world.store, world.runtime)
    resolver = build_resolver(services, execution, world.persistence, docs_need_key=True)
    return Caller(Api(resolver, RequestGuard(lambda _: "key", docs_need_key=True)))


def test_without_the_key_what_is_large_is_refused_and_the_rest_is_small(guarded):
    page = guarded.get(PAGE)
    script, style, start = files_of(page)

    small = [page, guarded.get(start)]
    refused = [guarded.get(path) for path in (script, style, "/swagger/none.js", DOCUMENT)]

    assert 'data-needs-key="true"' in page.text
    assert [reply.status for reply in small] == [200, 200]
    assert [reply.status for reply in refused] == [401] * 4
    assert all(len(reply.text) < 3 * SMALL_BYTES for reply in [*small, *refused])
    assert guarded.get("/health").status == 200


def test_with_the_key_all_of_it_is_there(guarded):
    files = files_of(guarded.get(PAGE))
    guarded.headers["x-api-key"] = "key"

    assert {guarded.get(path).status for path in [DOCUMENT, PAGE, *files]} == {200}


@pytest.mark.parametrize(
    ("docs", "parameter", "needs_key"),
    [("key", "/p", True), ("throttled", "/p", False), ("key", "", False)],
)
def test_the_parameter_says_who_may_read_it(world, docs, parameter, needs_key):
    environment = {
        "FORGELEDGER_TABLE": "t",
        "FORGELEDGER_IDEMPOTENCY_TABLE": "i",
        "FORGELEDGER_API_KEY_PARAMETER": parameter,
        "FORGELEDGER_API_DOCS": docs,
    }

    class Ssm:
        def get_parameter(self, **_):
            return {"Parameter": {"Value": "key"}}

    api = build_api(environment, dynamodb=object(), ssm=Ssm(), runtime=world.runtime)

    assert (Caller(api).get(DOCUMENT).status == 401) is needs_key
    assert (f'data-needs-key="{str(needs_key).lower()}"' in Caller(api).get(PAGE).text) is True
