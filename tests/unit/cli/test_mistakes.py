"""The same mistake has one wording and one exit code in all commands."""

import pytest
from tools.cli_reference import commands

from forgeledger.cli import exit_codes
from forgeledger.sdk.errors import NoAnswerError

COMMANDS = dict(commands())
# An id that no job has.
JOB = "01KAJXPF80000APN59HKNHY2PJ-8"
# What else a command needs, so that only the mistake is wrong.
REST = {
    "forgeledger job create": ["nightly"],
    "forgeledger job item": ["a"],
    "forgeledger items register": ["-"],
    "forgeledger send": ["a"],
    "forgeledger local invoke": ["ApiFunction", "-"],
    "forgeledger worker": ["a:b"],
}
# They start something, or report on what the others need.
LEFT_OUT = {"forgeledger demo", "forgeledger doctor", "forgeledger worker"}
ADDRESSES = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
    "FORGELEDGER_RELAY_FUNCTION": "relay",
}


def arguments(name):
    return [param.metavar for param in COMMANDS[name].params if not param.opts[0].startswith("-")]


def options(name):
    return {option for param in COMMANDS[name].params for option in param.opts}


def words(name, **values):
    """The words of a command, with these arguments and what else it needs."""
    before = ["claim"] if name == "forgeledger send" else []
    given = [values[metavar] for metavar in arguments(name) if metavar in values]
    return [*name.split()[1:], *before, *given, *REST.get(name, [])]


OF_A_JOB = [name for name in COMMANDS if "JOB_ID" in arguments(name)]
OF_A_MESSAGE = [name for name in COMMANDS if "MESSAGE_ID" in arguments(name)]
OF_THE_API = [name for name in COMMANDS if "--api-url" in options(name) and name not in LEFT_OUT]
OF_A_DEPLOYMENT = [name for name in COMMANDS if "--stack" in options(name) and name not in LEFT_OUT]


def test_the_lists_below_have_the_commands_that_they_should():
    assert len(OF_A_JOB) >= 11
    assert len(OF_A_MESSAGE) >= 5
    assert len(OF_THE_API) >= 12
    assert len(OF_A_DEPLOYMENT) >= 18


@pytest.mark.parametrize("name", OF_A_JOB)
@pytest.mark.parametrize("job_id", ["nope", "a/b", "..", "/"])
def test_what_cannot_be_a_job_is_no_job(forgeledger, name, job_id):
    ended = forgeledger(*words(name, JOB_ID=job_id), stdin="a\n", **ADDRESSES)

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err == f"forgeledger: unknown_job: There is no job {job_id}.\n"


@pytest.mark.parametrize("name", sorted(set(OF_A_JOB) & set(OF_THE_API)))
def test_a_job_that_does_not_exist_is_no_job_either(forgeledger, name):
    ended = forgeledger(*words(name, JOB_ID=JOB), stdin="a\n")

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err == f"forgeledger: unknown_job: There is no job {JOB}.\n"


@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, "JOB_ID") for name in OF_A_JOB] + [(name, "MESSAGE_ID") for name in OF_A_MESSAGE],
)
def test_an_empty_id_is_wrong_usage(forgeledger, sqs, name, argument):
    ended = forgeledger(*words(name, **{argument: ""}), **ADDRESSES)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {argument}: is empty (see ")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("forgeledger job list", "--status"),
        ("forgeledger job list", "--tag"),
        ("forgeledger job list", "--name"),
        ("forgeledger job items", "--state"),
        ("forgeledger job items", "--error-type"),
        ("forgeledger job items", "--worker-id"),
    ],
)
def test_an_empty_filter_is_wrong_usage_and_not_no_filter(forgeledger, name, option):
    ended = forgeledger(*words(name, JOB_ID=JOB), option, "")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {option}: is empty (see ")


@pytest.mark.parametrize("name", OF_A_MESSAGE)
def test_a_message_that_does_not_exist_is_not_found(forgeledger, sqs, name):
    more = ["--yes"] if "drop" in name else []

    ended = forgeledger(*words(name, MESSAGE_ID="m9"), *more, **ADDRESSES)

    assert ended.code == exit_codes.NOT_FOUND
    line = "m9: no such message among those that SQS delivers now"
    assert ended.err == f"forgeledger: {line}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_usage(forgeledger, name):
    ended = forgeledger(*name.split()[1:], "--no-such-option")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: No such option: --no-such-option")


# A redrive does without the API, and says so.
@pytest.mark.parametrize("name", [name for name in OF_THE_API if "rejects" not in name])
def test_an_api_that_does_not_answer_has_one_exit_code(forgeledger, sqs, api, name):
    def fail(number):
        raise NoAnswerError("GET", "http://api.test", "refused")

    api.on_request = fail
    ended = forgeledger(*words(name, JOB_ID=JOB), stdin="a\n", **ADDRESSES)

    assert ended.code == exit_codes.UNREACHABLE
    assert ended.err == "forgeledger: no answer from http://api.test: refused\n"


@pytest.mark.parametrize("name", OF_A_DEPLOYMENT)
def test_a_local_cloud_that_is_down_has_one_exit_code(forgeledger, tmp_path, name):
    more = ["--all", "--yes"] if "drop" in name else []
    given = words(name, JOB_ID=JOB, **({} if more else {"MESSAGE_ID": "m1"}))
    state = {"FORGELEDGER_STATE_DIR": str(tmp_path)}

    ended = forgeledger(*given, *more, "--local", stdin="a\n", **state)

    assert ended.code == exit_codes.UNREACHABLE
    line = "--local: the local cloud is down; start it with `forgeledger local up`"
    assert ended.err == f"forgeledger: {line}\n"


def test_a_job_that_ended_unsealed_cannot_be_sealed_by_either_command(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])
    ledger.cancel(job)

    sealed = forgeledger("job", "seal", job.job_id)
    registered = forgeledger("items", "register", job.job_id, "-", "--seal", stdin="a\n")

    assert sealed.code == registered.code == exit_codes.REFUSED
    assert sealed.err == registered.err
    assert "and not sealed; to continue it: `forgeledger job reopen`" in sealed.err


def test_what_is_as_wanted_already_is_done(forgeledger, ledger):
    job = ledger.create_job("nightly", seal=True, allow_empty=True)

    assert forgeledger("job", "seal", job.job_id).code == exit_codes.DONE


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("job", "create", ""), "NAME: "),
        (("job", "create", "x", "--lanes", "65"), "--lanes: must be at most 64 (see "),
        (("job", "create", "x", "--metadata", "{"), "--metadata: is not JSON"),
        (("job", "create", "x", "--metadata", "[]"), "--metadata: is not a JSON object"),
        (("job", "create", "x", "--metadata", '{"a": NaN}'), "--metadata: is not JSON: NaN"),
        (("job", "create", "x", "--tag", ""), "--tag[0]: "),
        (("job", "create", "x", "--items-file", "nowhere.txt"), "nowhere.txt: no such file"),
        (("job", "list", "--status", "DONE"), "--status: "),
        (("job", "status"), "JOB_ID: is required"),
        (("job", "status", ""), "JOB_ID: is empty"),
        (("job", "cancel", ""), "JOB_ID: is empty"),
        (("job", "item", "", "a"), "JOB_ID: is empty"),
        (("job", "item", JOB, ""), "ITEM_ID: is empty"),
        (("items", "register", "", "-"), "JOB_ID: is empty"),
        (
            ("items", "register", JOB, "--form", "xml"),
            "--form: must be 'auto', 'lines' or 'jsonl'",
        ),
        (("rejects", "list", "--limit", "0"), "--limit: must be at least 1"),
        (("job", "stauts", "x"), "No such command 'stauts'"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_field(forgeledger, words, error):
    ended = forgeledger(*words)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {error}")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("job", "create", "x", "--lanes", "0"), "--lanes: must be at least 1"),
        (("job", "create", "x", "--lanes", "x"), "--lanes: must be a whole number"),
        (
            ("job", "create", "x", "--tolerated-failure-percent", "100.5"),
            "--tolerated-failure-percent: must be at most 100",
        ),
        (("job", "watch", JOB, "--timeout", "x"), "--timeout: must be a number"),
        (("job", "list", "--color", "x"), "--color: must be 'auto', 'always' or 'never'"),
        (("worker",), "--app: is required"),
        (
            ("job", "create", "x", "--lanes", "1", "--lanes", "2"),
            "--lanes: is given more than once",
        ),
    ],
)
def test_a_rule_reads_as_that_of_the_ledger(forgeledger, words, error):
    ended = forgeledger(*words)

    assert ended.code == exit_codes.USAGE
    help_of = " ".join(words[: 1 if words[0] == "worker" else 2])
    assert ended.err == f"forgeledger: {error} (see forgeledger {help_of} --help)\n"
