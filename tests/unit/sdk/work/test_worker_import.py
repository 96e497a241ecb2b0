import pytest

from forgeledger.sdk.errors import WorkerModuleError, WorkerNotFoundError
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_import import load_worker

MODULE = """
from forgeledger.sdk import Endpoints, Worker
worker = Worker("q", {"default": print}, endpoints=Endpoints(command_queue_url="http://c"))
nothing = 1
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    return tmp_path


def test_a_worker_is_found_in_the_current_folder(here):
    (here / "found_here.py").write_text(MODULE)

    assert isinstance(load_worker("found_here:worker"), Worker)
    assert isinstance(load_worker("found_here:worker"), Worker)


@pytest.mark.parametrize(
    ("app", "why"),
    [
        ("module", "must be written as module:worker"),
        (":worker", "must be written as module:worker"),
        ("module:", "must be written as module:worker"),
        ("no_such_module:worker", "there is no module no_such_module"),
        ("no_such.module:worker", "there is no module no_such.module"),
        ("other_app:nothing", "has no Worker called nothing"),
        ("other_app:missing", "has no Worker called missing"),
    ],
)
def test_a_name_that_leads_to_no_worker_is_reported(here, app, why):
    (here / "other_app.py").write_text(MODULE)

    with pytest.raises(WorkerNotFoundError, match=why):
        load_worker(app)


def test_a_module_that_misses_another_one_is_not_taken_for_missing(here):
    (here / "broken_app.py").write_text("import not_installed_at_all")

    with pytest.raises(WorkerModuleError, match=r"ModuleNotFoundError: .*not_installed_at_all"):
        load_worker("broken_app:worker")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import json\n\njson.loads('{')\n", "JSONDecodeError: Expecting .*raising_app.py:3"),
        ("x = 1\nworker = (\n", "SyntaxError: .*raising_app.py:2"),
    ],
)
def test_what_a_module_raises_is_reported_with_the_line_of_its_own_file(here, text, message):
    (here / "raising_app.py").write_text(text)

    with pytest.raises(WorkerModuleError, match=f"raising_app cannot be imported: {message}"):
        load_worker("raising_app:worker")
