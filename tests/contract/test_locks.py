"""Lock files: versions and hashes, no addresses, and the layer runs what the tests ran."""

import re

import pytest

from tests.support.deployed_template import ROOT

LOCKS = ("requirements/dev.lock", "requirements/sam.lock", "layers/shared/requirements.txt")


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address_and_no_path(lock):
    text = (ROOT / lock).read_text()

    assert not re.search(r"://|\bwww\.|--index-url|--find-links|(^|\s)/\w", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pinned_version_has_a_hash(lock):
    text = (ROOT / lock).read_text()
    requirements = [part for part in re.split(r"\n(?=[A-Za-z0-9])", text) if "==" in part]

    assert requirements
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_layer_has_the_versions_that_the_tests_run_with():
    tested = pins("requirements/dev.lock")

    layer = pins("layers/shared/requirements.txt")

    assert layer == {name: tested[name] for name in layer}


def test_the_layer_leaves_boto3_to_the_runtime():
    assert not {"boto3", "botocore"} & set(pins("layers/shared/requirements.txt"))
