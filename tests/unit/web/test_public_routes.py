"""Routes without an API key: health, the OpenAPI document and its page."""

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


def test_nobody_waits_for_the_models_of_the_description_who_does_not_read_it():
    program = (
        "import sys, forgeledger.bootstrap.api;"
        "slow = ('openapi.models', 'swagger_ui', 'api_docs');"
        "print([name for name in sys.modules if name.endswith(slow)])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
