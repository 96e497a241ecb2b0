"""The pollers' client of the engine, against a server with scripted answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forgeledger.local.engine import free_port
from forgeledger.local.engine_calls import RECEIVE, EngineCalls, EngineRefused


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listening.seen.append((self.headers["X-Amz-Target"], json.loads(body)))
            status, answer = listening.answers.pop(0)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads, listening.block_on_close = True, False
    listening.seen, listening.answers = [], []
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def call(server):
    return EngineCalls(f"http://127.0.0.1:{server.server_port}")


def test_a_call_names_its_operation_and_returns_the_answer(server, call):
    server.answers.append((200, b'{"Messages": []}'))

    answer = call(RECEIVE, {"QueueUrl": "q"})

    assert answer == {"Messages": []}
    assert server.seen == [("AmazonSQS.ReceiveMessage", {"QueueUrl": "q"})]


def test_an_answer_without_a_body_is_an_empty_one(server, call):
    server.answers.append((200, b""))

    assert call(RECEIVE, {}) == {}


def test_an_error_carries_the_name_that_aws_gives_it(server, call):
    server.answers.append((400, b'{"__type": "com.amazonaws#ExpiredIterator", "message": "old"}'))

    with pytest.raises(EngineRefused, match="old") as caught:
        call(RECEIVE, {})

    assert caught.value.code == "ExpiredIterator"


def test_an_answer_that_is_not_json_is_refused(server, call):
    server.answers.append((502, b"<html>"))

    with pytest.raises(EngineRefused, match="<html>"):
        call(RECEIVE, {})


def test_a_connection_that_was_closed_is_opened_again_once(server, call):
    server.answers += [(200, b"{}"), (None, b""), (200, b'{"again": 1}')]
    call(RECEIVE, {})

    assert call(RECEIVE, {}) == {"again": 1}


def test_an_engine_that_is_not_there_is_said_to_be_unreachable():
    call = EngineCalls(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(EngineRefused) as caught:
        call(RECEIVE, {})

    assert caught.value.code == "Unreachable"
