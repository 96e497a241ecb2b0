"""When the ledger does not answer, a worker pauses: longer each time, and once for all threads."""

from forgeledger.sdk.errors import NoAnswerError
from forgeledger.sdk.work.item_claims import ItemClaims
from forgeledger.sdk.work.work_message import WorkMessage
from tests.support.builders import JOB_ID


class SilentLedger:
    """It does not answer; meanwhile so many other threads ask, too."""

    def __init__(self, at_once):
        self.left = at_once
        self.claims = ItemClaims(self, self, clock=lambda: 0.0)

    def ask(self):
        self.left -= 1
        name = f"i-{self.left}"
        return self.claims.claim(
            WorkMessage(job_id=JOB_ID, item_id=name, attempt=1), "w", lease_seconds=None
        )

    def claim(self, *_, **__):
        if self.left:
            self.ask()
        raise NoAnswerError("POST", "https://api", "refused")


def test_threads_that_ask_in_the_same_outage_pause_as_one_would():
    ledger = SilentLedger(at_once=8)

    answer = ledger.ask()

    assert answer.action == "hand_back"
    assert 0.5 <= ledger.claims.pause_seconds() <= 1
