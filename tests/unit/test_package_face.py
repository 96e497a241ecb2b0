"""`from forgeledger import Ledger, Reporter, Worker` costs nothing where it is not used."""

import json
import subprocess
import sys

import pytest

import forgeledger
from forgeledger import sdk

LOADED = """
import json, sys
before = set(sys.modules)
import forgeledger
alone = sorted(set(sys.modules) - before)
from forgeledger import Ledger
print(json.dumps([alone, "forgeledger.sdk" in sys.modules]))
"""


@pytest.mark.parametrize("name", ["Ledger", "Reporter", "Worker"])
def test_the_names_of_the_package_are_those_of_its_sdk(name):
    assert getattr(forgeledger, name) is getattr(sdk, name)
    assert name in forgeledger.__all__
    assert name in dir(forgeledger)


def test_the_package_alone_loads_nothing_and_its_names_load_the_sdk():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == [["forgeledger"], True]


def test_another_name_is_an_error_of_the_package():
    with pytest.raises(AttributeError, match="module 'forgeledger' has no attribute 'Worke'"):
        _ = forgeledger.Worke
