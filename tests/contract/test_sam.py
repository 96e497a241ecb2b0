"""The real SAM CLI validates, builds and deploys the project (make test-sam)."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.cli.app import run
from forgeledger.local.engine import REGION, Engine, client_environment
from tests.support.deployed_template import FUNCTIONS, ROOT

pytestmark = pytest.mark.sam

SAM = ROOT / ".venv-sam" / "bin" / "sam"
LAYER = Path("SharedLayer") / "python"


def sam(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """The output of a command; if it fails, the test fails with it."""
    done = subprocess.run(
        [SAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sam")
    sam("build", "--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache"))
    return folder / "build"


def test_the_template_is_valid_and_lints():
    output = sam("validate", "--lint", "--region", REGION)

    assert "is a valid SAM Template" in output


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_built_function_is_its_handler_and_nothing_of_the_layer(built, function):
    files = {path.name for path in (built / function).iterdir()}

    assert "app.py" in files
    assert not {"forgeledger", "pydantic", "aws_lambda_powertools"} & files


def test_the_built_layer_has_the_package_without_what_only_a_terminal_needs(built):
    package = built / LAYER / "forgeledger"

    assert (package / "jobs").is_dir()
    assert (package / "sdk").is_dir()
    assert not (package / "cli").exists()
    assert not (package / "demo").exists()
    assert not (package / "local").exists()


def test_the_built_layer_runs_on_both_processors_and_leaves_boto3_to_the_runtime(built):
    compiled = {path.name for path in (built / LAYER / "pydantic_core").glob("*.so")}

    assert compiled == {
        "_pydantic_core.cpython-313-aarch64-linux-gnu.so",
        "_pydantic_core.cpython-313-x86_64-linux-gnu.so",
    }
    assert not (built / LAYER / "boto3").exists()


def test_the_built_layer_stays_small(built):
    size = sum(path.stat().st_size for path in (built / LAYER).rglob("*") if path.is_file())

    # Lambda unpacks it at each cold start; a function and its layers may have 250 MB.
    assert size < 40_000_000


def test_the_folder_that_init_writes_is_valid_and_builds(tmp_path):
    assert run(["init", str(tmp_path)]) == 0
    template = ("--template-file", str(tmp_path / "template.yaml"))

    sam("validate", "--lint", "--region", REGION, *template)
    sam("build", "SharedLayer", *template, "--build-dir", str(tmp_path / "build"))
    sam("build", "ApiFunction", *template, "--build-dir", str(tmp_path / "api"))

    package = tmp_path / "build" / LAYER / "forgeledger"
    assert (package / "sdk").is_dir()
    assert not (package / "cli").exists()
    assert (tmp_path / "api" / "ApiFunction" / "app.py").is_file()


def test_sam_deploys_the_build_to_an_engine(built):
    with Engine() as engine:
        sam(
            "deploy",
            # By default it is looked for next to the built template.
            "--config-file",
            str(ROOT / "samconfig.toml"),
            "--config-env",
            "local",
            "--template-file",
            str(built / "template.yaml"),
            environment=client_environment(engine.url),
        )
        client = boto3.client(
            "cloudformation",
            endpoint_url=engine.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
        )
        [stack] = client.describe_stacks(StackName="forgeledger-local")["Stacks"]

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert tags.items() >= {"Project": "forgeledger", "Stack": "forgeledger-local"}.items()
    assert "CommandQueueUrl" in {output["OutputKey"] for output in stack["Outputs"]}
