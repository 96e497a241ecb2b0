import json

import pytest

from forgeledger.sdk.errors import InvalidWorkError
from forgeledger.sdk.work_message import WorkMessage, read_work


def test_a_message_may_say_all_in_either_spelling():
    camel = read_work('{"jobId":"j","itemId":"i","kind":"k","payload":[1]}', 2)
    snake = read_work('{"job_id":"j","item_id":"i","kind":"k","payload":[1]}', 2)

    assert camel == snake
    assert camel == WorkMessage(job_id="j", item_id="i", attempt=2, kind="k", payload=[1])


def test_a_message_that_stands_for_a_later_attempt_counts_from_there():
    assert read_work('{"jobId":"j","itemId":"i","attempt":4}', 2).attempt == 5


@pytest.mark.parametrize("more", [{"kind": 1}, {"attempt": 0}, {"attempt": "1"}])
def test_a_wrong_field_is_told(more):
    with pytest.raises(InvalidWorkError):
        read_work(json.dumps({"jobId": "j", "itemId": "i", **more}), 1)
