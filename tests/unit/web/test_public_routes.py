"""Routes without an API key: health, the OpenAPI document and its page."""

import base64
import gzip
import subprocess
import sys

from forgeledger import __version__


def test_health_has_the_version(caller):
    assert caller.get("/health").json == {"status": "ok", "version": __version__}


def test_the_description_is_served_as_json(caller):
    reply = caller.get("/openapi.json")

    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json["openapi"].startswith("3.1.")
    assert reply.json["servers"] == [{"url": "/"}]


def test_a_stage_is_no_part_of_the_route_and_of_the_server_s_address(caller):
    event = caller.event("GET", "/prod/openapi.json")
    event["requestContext"]["stage"] = "prod"

    reply = caller.send(event)

    assert reply.route == "GET /openapi.json"
    assert reply.json["servers"] == [{"url": "/prod"}]


def test_the_page_holds_the_description_and_needs_nothing_from_elsewhere(caller):
    reply = caller.get("/swagger")

    assert reply.headers["Content-Type"] == "text/html"
    assert "/jobs/{jobId}/items:register" in reply.text
    assert "<script src=" not in reply.text
    assert "<link" not in reply.text


def test_the_page_is_the_page_whatever_format_is_asked_for(caller):
    reply = caller.get("/swagger", format="json")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")


def test_the_page_travels_compressed_where_that_is_understood(caller):
    caller.headers["accept-encoding"] = "gzip"

    reply = caller.get("/swagger")

    assert reply.headers["Content-Encoding"] == "gzip"
    assert b"swagger" in gzip.decompress(base64.b64decode(reply.text))
    assert len(reply.text) < 1_000_000


def test_nobody_waits_for_the_models_of_the_description_who_does_not_read_it():
    program = (
        "import sys, forgeledger.web.api;"
        "print([name for name in sys.modules if name.endswith(('openapi.models', 'swagger_ui'))])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
