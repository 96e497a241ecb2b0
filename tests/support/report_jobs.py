"""Jobs over HTTP whose items are worked on, and their reports."""

BROKEN = {"error": {"type": "Broken", "retryable": False}}
PASSING = {"error": {"type": "Passing"}}


def job_of(caller, *names, **fields):
    return caller.new_job(items=list(names), seal=True, lanes=1, **fields)


def do(caller, job_id, item_id, verb, body=None):
    reply = caller.post(f"/jobs/{job_id}/items/{item_id}/{verb}", body)
    assert reply.status == 200, reply.text


def advance(caller, job_id):
    # Any request for a change takes the steps that are due.
    caller.post(f"/jobs/{job_id}/seal")


def report(caller, job_id, **query):
    reply = caller.get(f"/jobs/{job_id}/report", **query)
    assert reply.status == 200, reply.text
    return reply.json
