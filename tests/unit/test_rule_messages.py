"""The messages about wrong fields: plain words, and JSON's types instead of Python's."""


def test_wrong_fields_are_explained_in_the_words_of_json(caller):
    reply = caller.post(
        "/jobs",
        {
            "name": "",
            "items": ["x" * 257, {}, 7],
            "lanes": 65,
            "seal": "yes",
            "policy": {"maxAttempts": 0, "toleratedFailurePercent": 100.5, "leaseSeconds": "5"},
            "metadata": [],
            "tags": ["t"] * 21,
            "ttlDays": 1.5,
            "expectedItems": 10**30,
        },
    )

    assert {error["field"]: error["message"] for error in reply.json["errors"]} == {
        "name": "must have 1 or more characters",
        "items[0].itemId": "must have at most 256 characters",
        "items[1].itemId": "is required",
        "items[2]": "must be an itemId or an object that has one",
        "lanes": "must be at most 64",
        "seal": "must be true or false",
        "policy.maxAttempts": "must be at least 1",
        "policy.toleratedFailurePercent": "must be at most 100",
        "policy.leaseSeconds": "must be a whole number",
        "metadata": "must be an object",
        "tags": "must have at most 20 entries",
        "ttlDays": "must be a whole number",
        "expectedItems": "must be at most 1000000000",
    }


def test_wrong_parameters_are_explained_in_plain_words_too(caller):
    reply = caller.get("/jobs", limit="many", status="DONE", cursor="x")

    messages = {error["field"]: error["message"] for error in reply.json["errors"]}
    assert messages["limit"] == "must be a whole number"
    assert messages["status"].startswith("must be 'SCHEDULED', 'RUNNING'")
    assert messages["cursor"] == "is not a cursor of this list"
