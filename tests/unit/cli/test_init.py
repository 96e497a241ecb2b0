"""`forgeledger init` writes what SAM deploys, and never over what is there."""

import json
from pathlib import Path

from forgeledger.cli import exit_codes
from tests.support.deployed_template import ROOT

PACKAGE = ROOT / "layers" / "shared" / "forgeledger"


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_folder_has_template_functions_and_layer(forgeledger, tmp_path):
    folder = tmp_path / "new" / "ledger"

    ended = forgeledger("init", folder, "--json")

    written = files_of(folder)
    assert ended.code == 0
    assert json.loads(ended.out) == {"folder": str(folder), "files": len(written)}
    assert {"template.yaml", "samconfig.toml", "layers/shared/Makefile"} <= written
    assert {f"functions/{name}/app.py" for name in ("api", "intake", "relay")} <= written
    modules = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")}
    assert {f"layers/shared/forgeledger/{path}" for path in modules} <= written
    assert (folder / "template.yaml").read_text() == (ROOT / "template.yaml").read_text()


def test_what_to_type_next_can_be_copied(forgeledger, tmp_path):
    ended = forgeledger("init", tmp_path / "my ledger")

    assert f"  cd '{tmp_path}/my ledger'" in ended.lines
    assert ended.lines[-2:] == ["  sam build", "  sam deploy --config-env dev"]


def test_a_file_that_exists_stops_it_before_anything_is_written(forgeledger, tmp_path):
    (tmp_path / "samconfig.toml").write_text("mine")

    ended = forgeledger("init", tmp_path)

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        f"forgeledger: DIR: {tmp_path}/samconfig.toml exists; nothing was written\n"
    )
    assert files_of(tmp_path) == {"samconfig.toml"}


def test_a_link_that_leads_nowhere_is_not_followed(forgeledger, tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "template.yaml").symlink_to(tmp_path / "elsewhere.yaml")

    assert forgeledger("init", tmp_path / "ledger").code == exit_codes.USAGE
    assert files_of(tmp_path) == set()


def test_a_folder_that_has_other_files_is_used(forgeledger, tmp_path):
    (tmp_path / "README.md").write_text("mine")

    assert forgeledger("init", tmp_path).code == 0
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_file_is_no_folder(forgeledger, tmp_path):
    (tmp_path / "file").write_text("")

    ended = forgeledger("init", tmp_path / "file")

    assert ended.code == exit_codes.USAGE
    assert str(tmp_path / "file") in ended.err


def test_an_empty_name_is_not_the_current_folder(forgeledger, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    ended = forgeledger("init", "")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: DIR: is empty (see ")
    assert files_of(tmp_path) == set()
