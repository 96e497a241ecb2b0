"""Jobs that the ledger dispatches itself, made on the command line."""

import pytest

from forgeledger.jobs.model.jobs import DispatchSpec


@pytest.mark.parametrize(
    ("options", "dispatch"),
    [
        ((), None),
        (("--dispatch",), DispatchSpec()),
        (("--max-in-flight", "5"), DispatchSpec(max_in_flight=5)),
        (("--dispatch", "--max-in-flight", "5"), DispatchSpec(max_in_flight=5)),
    ],
)
def test_a_job_is_created_with_the_window_it_was_given(forgeledger, world, options, dispatch):
    ended = forgeledger("job", "create", "nightly", *options, "--quiet")

    assert ended.code == 0
    assert world.store.load_job(ended.out.strip()).job.spec.dispatch == dispatch


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max-in-flight", "0"), "--max-in-flight"),
        (("--max-in-flight", "2", "--lanes", "4"), "--lanes"),
        (("--dispatch", "--auto-register"), "--auto-register"),
    ],
)
def test_what_does_not_go_with_dispatch_is_refused(forgeledger, world, ledger, options, words):
    ended = forgeledger("job", "create", "nightly", *options)

    assert ended.code == 2
    assert words in ended.err
    assert list(ledger.jobs()) == []
