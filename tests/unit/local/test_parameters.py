"""The local cloud's parameters come from samconfig.toml."""

from forgeledger.local.parameters import local_parameters


def test_parameters_are_those_of_the_local_section(tmp_path):
    (tmp_path / "samconfig.toml").write_text(
        "[local.deploy.parameters]\n"
        "parameter_overrides = ['DeletionProtection=false', 'ApiKeyParameter=\"\"']\n"
        "[prod.deploy.parameters]\n"
        "parameter_overrides = ['DeletionProtection=true']\n"
    )

    parameters = local_parameters(tmp_path)

    assert parameters == {"DeletionProtection": "false", "ApiKeyParameter": ""}


def test_a_project_without_samconfig_has_no_parameters(tmp_path):
    assert local_parameters(tmp_path) == {}
