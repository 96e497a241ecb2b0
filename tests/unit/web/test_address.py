"""Which hosts are this machine, and where a secret may be sent."""

import pytest

from forgeledger.web.address import is_loopback, why_no_secret_may_be_sent

HERE = ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"]
ELSEWHERE = ["ledger", "localhost.evil", "127.0.0.1.evil", "127.evil", "10.0.0.1", "[::]"]


@pytest.mark.parametrize("host", HERE)
def test_a_secret_may_be_sent_to_this_machine_in_plain_text(host):
    assert is_loopback(host.strip("[]"))
    assert why_no_secret_may_be_sent(f"http://{host}:3000") is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_secret_is_sent_to_another_machine_only_by_https(host):
    assert not is_loopback(host.strip("[]"))
    assert why_no_secret_may_be_sent(f"https://{host}:3000/stage") is None
    refused = why_no_secret_may_be_sent(f"HTTP://{host}:3000/stage")
    assert refused is not None
    assert refused.startswith("needs https:// in front")


def test_no_host_is_not_this_machine():
    assert not is_loopback(None)
