"""The URLs of calls, and answers that show that a URL is not that of a ledger."""

import pytest

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.errors import InvalidCommandError, NotFoundError, WrongAddressError
from forgeledger.web.problems import problem


@pytest.mark.parametrize("wrong", [5, None, ""])
def test_an_id_that_is_no_text_is_refused_by_its_name(client, api, wrong):
    with pytest.raises(InvalidCommandError, match="jobId: must be text that is not empty"):
        client.get("jobs", wrong)
    with pytest.raises(InvalidCommandError, match="itemId: must be text that is not empty"):
        client.get("jobs", "j", "items", wrong)

    assert api.requests == []


@pytest.mark.parametrize("wrong", ["JOB/why", "../../health", "/", "..", "."])
def test_an_id_that_would_lead_elsewhere_is_refused_as_that_of_no_job(client, api, wrong):
    with pytest.raises(InvalidCommandError, match=r"jobId: '.*' is not the id of a job"):
        client.get("jobs", wrong)

    assert api.requests == []


@pytest.mark.parametrize("path", [("jobs", "\ud800"), ("jobs", "j", "items", "\ud800")])
def test_an_id_that_no_address_can_carry_is_refused(client, api, path):
    with pytest.raises(InvalidCommandError, match="Id: is not valid Unicode"):
        client.get(*path)

    assert api.requests == []


@pytest.mark.parametrize(("item_id", "part"), [("..", "%2E%2E"), (".", "%2E"), ("a..", "a..")])
def test_an_item_of_dots_is_escaped_in_the_path(client, api, item_id, part):
    api.answer({})

    client.get("jobs", "j", "items", item_id)

    assert api.paths == [f"GET /jobs/j/items/{part}"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b"<?xml version='1.0'?>\n<Error><Code>NoSuchBucket</Code></Error>",
            "<?xml version='1.0'?> ",
        ),
        (b'{"message": "Not Found"}', "Not Found"),
        (b'{"type": "about:blank", "code": "unknown_job", "detail": "None"}', "None"),
        (b'{"type": 404}', ""),
        (b"[]", "[]"),
        (b"", ""),
    ],
)
def test_a_404_that_is_not_the_ledgers_is_of_a_wrong_address(client, api, naps, body, said):
    api.answer(body, 404)

    with pytest.raises(WrongAddressError) as caught:
        client.get("jobs", "j")

    message = f"api_url: is it a ForgeLedger API? GET https://api/jobs/j answered 404 {said}"
    assert str(caught.value).startswith(message.rstrip())
    assert (caught.value.name, caught.value.address) == ("api_url", "https://api")
    assert (len(api.requests), naps) == (1, [])


def test_the_ledgers_own_404_is_known_by_its_problem_document(client, api):
    api.answer(problem(404, "unknown_job", "There is no job j."), 404)

    with pytest.raises(NotFoundError, match="There is no job j"):
        client.get("jobs", "j")


@pytest.mark.parametrize("url", ["http://ledger.example", "http://127.0.0.1.example/stage"])
def test_a_key_is_never_sent_in_plain_text_to_another_machine(api, url):
    with pytest.raises(WrongAddressError, match=r"^api_url: needs https://") as caught:
        ApiClient(url, api, api_key="sekret")

    assert "sekret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "key"),
    [("http://127.0.0.1:3000", "k"), ("http://localhost", "k"), ("http://ledger.example", None)],
)
def test_without_a_key_or_on_this_machine_an_address_may_be_plain(api, url, key):
    api.answer({})

    ApiClient(url, api, api_key=key).get("health")

    assert api.requests[0].headers.get("x-api-key") == key
