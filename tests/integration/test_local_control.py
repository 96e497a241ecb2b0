"""`up`, `down`, `status`, `reset` and `logs`, with a supervisor in the background."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from forgeledger.local import control
from forgeledger.local.clients import Clients
from forgeledger.local.engine import free_port
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.local.state_dir import AlreadyRunning

pytestmark = pytest.mark.integration
PROJECT = Path(__file__).parents[1] / "fixtures" / "local"


@pytest.fixture
def paths(tmp_path):
    options = {"project_dir": PROJECT, "state_dir": tmp_path / ".forgeledger"}
    yield options
    control.down(**options)


def answers(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except OSError:
        return False
    return True


def gone(url: str, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not answers(url):
            return True
        time.sleep(0.05)
    return False


def test_up_down_and_up_again_keep_ports_and_data_and_reset_forgets_them(paths):
    first = control.up(**paths)
    key = {"PK": {"S": "saved"}, "SK": {"S": "row"}}
    put(first, key)
    again = control.up(**paths)
    while_up = control.status(**paths)
    went_down = control.down(**paths)
    while_down = control.status(**paths)

    second = control.up(**paths)
    row = get(second, key)
    control.reset(**paths)

    assert again == first == while_up == second
    assert (went_down, while_down) == (True, None)
    assert row
    assert control.down(**paths) is False
    assert not (paths["state_dir"] / "data").exists()
    assert gone(first.api_url)


def put(description, item):
    dynamodb_of(description).put_item(TableName=description.table_name, Item=item)


def get(description, key):
    answer = dynamodb_of(description).get_item(TableName=description.table_name, Key=key)
    return answer.get("Item")


def dynamodb_of(description):
    return Clients(description.endpoint_url).of("dynamodb")


def test_given_ports_are_taken(paths):
    engine_port, api_port = free_port(), free_port()

    description = control.up(engine_port=engine_port, api_port=api_port, **paths)

    assert description.endpoint_url.endswith(f":{engine_port}")
    assert description.api_url.endswith(f":{api_port}")


def test_what_went_wrong_is_said_and_nothing_is_left_running(paths, tmp_path):
    template = (PROJECT / "template.yaml").read_text(encoding="utf-8")
    wrong = template.replace("AWS::DynamoDB::Table", "AWS::Nothing::Real")
    for folder in ("functions", "layer"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    (tmp_path / "template.yaml").write_text(wrong)
    paths = {**paths, "project_dir": tmp_path}

    with pytest.raises(control.LocalCloudError, match="AWS::Nothing::Real"):
        control.up(**paths)

    assert control.status(**paths) is None
    assert any("did not start" in line for line in control.logs(name="supervisor", **paths))


def test_logs_are_named_and_an_unknown_name_is_refused(paths):
    description = control.up(**paths)
    answers(description.api_url)

    assert {"ApiFunction", "engine", "supervisor"} <= control.log_files(**paths).keys()
    assert all(line.startswith("engine: ") for line in control.logs(name="engine", **paths))
    with pytest.raises(control.LocalCloudError, match="no log called nothing"):
        control.logs(name="nothing", **paths)


def test_two_local_clouds_do_not_share_a_folder(paths):
    control.up(**paths)

    with pytest.raises(AlreadyRunning):
        LocalCloud(**paths).start()


def test_a_supervisor_whose_engine_dies_ends(paths):
    description = control.up(**paths)
    owner = control.state_of(state_dir=paths["state_dir"]).owner()
    engine = subprocess.run(
        ["pgrep", "-P", str(owner), "-f", "engine_process"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    os.kill(int(engine[0]), signal.SIGKILL)

    assert gone(description.api_url)


def test_a_killed_supervisor_loses_no_data_because_the_engine_saves(paths):
    first = control.up(**paths)
    row = {"PK": {"S": "saved"}, "SK": {"S": "row"}}
    put(first, row)

    state = control.state_of(state_dir=paths["state_dir"])
    os.kill(state.owner(), signal.SIGKILL)
    deadline = time.monotonic() + 60
    while state.owner() is not None and time.monotonic() < deadline:
        time.sleep(0.01)  # A process with many threads does not die at once.
    second = control.up(**paths)

    assert get(second, row)


def test_everything_ends_with_a_program_that_holds_a_local_cloud_and_is_killed(paths):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from forgeledger.local.local_cloud import LocalCloud\n"
        "cloud = LocalCloud(project_dir=Path(sys.argv[1]), state_dir=Path(sys.argv[2])).start()\n"
        "print(cloud.description.api_url, cloud.description.endpoint_url, flush=True)\n"
        "print(*cloud.function_pids('ApiFunction'), flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(paths["project_dir"]), str(paths["state_dir"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        urls = holder.stdout.readline().split()
        workers = [int(pid) for pid in holder.stdout.readline().split()]
        holder.kill()

    assert all(gone(url) for url in urls)
    assert workers
    assert all(ended(pid) for pid in workers)
    assert control.status(**paths) is None


def test_ctrl_c_ends_everything_of_a_local_cloud_and_its_data_is_saved(paths):
    program = (
        "import signal, sys, time\n"
        "from pathlib import Path\n"
        "from forgeledger.local.local_cloud import LocalCloud\n"
        # A process that a shell starts in the background ignores SIGINT, and so do its children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with LocalCloud(project_dir=Path(sys.argv[1]), state_dir=Path(sys.argv[2])) as cloud:\n"
        "    table = cloud.description.table_name\n"
        "    row = {'PK': {'S': 'saved'}, 'SK': {'S': 'row'}}\n"
        "    cloud.client('dynamodb').put_item(TableName=table, Item=row)\n"
        "    print(cloud.description.api_url, cloud.description.endpoint_url, flush=True)\n"
        "    pids = map(cloud.function_pids, ('ApiFunction', 'IntakeFunction'))\n"
        "    print(cloud.engine.pid, *sum(pids, []), flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(paths["project_dir"]), str(paths["state_dir"])]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        urls = holder.stdout.readline().split()
        children = [int(pid) for pid in holder.stdout.readline().split()]
        # As a terminal does: to the holder and to every process left in its group.
        os.killpg(holder.pid, signal.SIGINT)
        try:
            code = holder.wait(60)
        finally:
            holder.kill()

    assert code == -signal.SIGINT
    assert len(children) >= 3
    assert all(ended(pid, seconds=1) for pid in children)
    assert not any(answers(url) for url in urls)
    assert get(control.up(**paths), {"PK": {"S": "saved"}, "SK": {"S": "row"}})


def ended(pid: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists():
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "Z":
                return True
        time.sleep(0.05)
    return False
