"""A ledger behind HTTP as a worker hears it: claims, heartbeats, and whether jobs have ended."""

import json
import threading
from urllib.parse import urlsplit

from forgeledger.sdk.api.transport import HttpResponse
from forgeledger.sdk.errors import NoAnswerError

AT = "2026-11-21T10:00:00.000Z"


def granted(attempt=1, **more):
    item = {"itemId": "a", "state": "IN_PROGRESS", "attempt": attempt, "updatedAt": AT, **more}
    return 200, {"outcome": "applied", "item": item}


def repeated(attempt=1, state="IN_PROGRESS", **more):
    item = {"itemId": "a", "state": state, "attempt": attempt, "updatedAt": AT, **more}
    return 200, {"outcome": "duplicate", "item": item}


def refused(reason, **item):
    problem = {"type": f"urn:forgeledger:problem:{reason}", "code": reason, "outcome": "rejected"}
    fields = {"itemId": "a", "state": "PENDING", "updatedAt": AT, **item}
    return 409, {**problem, "status": 409, "item": fields}


def unknown(code, **more):
    return 404, {"type": f"urn:forgeledger:problem:{code}", "code": code, "status": 404, **more}


class FakeLedger:
    """Scripted by kind of request; the last answer of a kind is repeated. None: no answer."""

    def __init__(self, *, claim=(), heartbeat=(), status="RUNNING", **about):
        self.answers = {"claim": list(claim), "heartbeat": list(heartbeat)}
        self.status = status
        self.about = about
        self.requests = []
        self.now = 0.0
        self.changed = threading.Condition()

    def clock(self):
        return self.now

    def __call__(self, request):
        kind = "job" if request.method == "GET" else urlsplit(request.url).path.split("/")[-1]
        with self.changed:
            self.requests.append((kind, json.loads(request.body) if request.body else None))
            self.changed.notify_all()
            status, body = self._answer(kind, request)
        return HttpResponse(status=status, body=json.dumps(body).encode())

    def _answer(self, kind, request):
        if kind == "job":
            answer = self.status and (200, self._job(request))
        else:
            answers = self.answers[kind]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            raise NoAnswerError(request.method, request.url, "connection refused")
        return answer

    def _job(self, request):
        job_id = urlsplit(request.url).path.split("/")[-1]
        return {"jobId": job_id, "name": "job", "lanes": 4, "status": self.status, **self.about}

    def count(self, kind):
        return [name for name, _ in self.requests].count(kind)

    def wait_for(self, kind, count=1):
        with self.changed:
            return self.changed.wait_for(lambda: self.count(kind) >= count, 10)
