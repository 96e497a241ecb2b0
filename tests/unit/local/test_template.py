"""Packaging the project's template, and which templates are refused."""

import json

import pytest

from forgeledger.local.template import TemplateError, load_template, package

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Name: !Sub "${AWS::StackName}-q"
      Arn: !GetAtt Other.Arn
      Enabled: !Condition IsProd
      Choice: !If [IsProd, !Ref A, !Ref "AWS::NoValue"]
      Mapped: !Transform {Name: Include}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties:
      ContentUri: layer
  Intake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/intake
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "functions" / "intake").mkdir(parents=True)
    (tmp_path / "layer").mkdir()

    def write_template(text):
        path = tmp_path / "template.yaml"
        path.write_text(text)
        return path

    return write_template


def test_short_forms_are_written_out():
    properties = load_template(TEMPLATE)["Resources"]["Queue"]["Properties"]

    assert properties == {
        "Name": {"Fn::Sub": "${AWS::StackName}-q"},
        "Arn": {"Fn::GetAtt": ["Other", "Arn"]},
        "Enabled": {"Condition": "IsProd"},
        "Choice": {"Fn::If": ["IsProd", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]},
        "Mapped": {"Fn::Transform": {"Name": "Include"}},
    }


def test_code_folders_become_addresses_and_are_remembered(write, tmp_path):
    packaged = package(write(TEMPLATE))

    resources = json.loads(packaged.body)["Resources"]
    assert resources["Intake"]["Properties"]["CodeUri"] == "s3://forgeledger-code/Intake.zip"
    assert resources["Layer"]["Properties"]["ContentUri"] == "s3://forgeledger-code/Layer.zip"
    assert packaged.sources == {"Intake": tmp_path / "functions" / "intake"}


def test_a_code_folder_may_stand_in_the_globals(write, tmp_path):
    text = TEMPLATE.replace("    Properties:\n      CodeUri: functions/intake\n", "")
    globals_part = "Globals: {Function: {CodeUri: functions/intake}}\n"

    packaged = package(write(globals_part + text))

    assert packaged.sources == {"Intake": tmp_path / "functions" / "intake"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "not YAML"),
        ("- a", "no Resources"),
        ("Resources: 7", "no Resources"),
        (TEMPLATE.replace("functions/intake", "functions/none"), "no folder functions/none"),
        (TEMPLATE.replace("functions/intake", "s3://b/k"), "Intake: CodeUri must be a folder"),
        (TEMPLATE.replace("ContentUri: layer", "Other: x"), "Layer: ContentUri must be a folder"),
    ],
)
def test_a_template_that_cannot_be_deployed_is_refused_by_name(write, text, complaint):
    with pytest.raises(TemplateError, match=complaint):
        package(write(text))
