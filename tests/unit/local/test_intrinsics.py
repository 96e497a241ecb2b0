"""The template functions that decide whether a mapping or schedule is enabled."""

import pytest

from forgeledger.local.intrinsics import Resolver, Unresolved

RESOLVER = Resolver(
    parameters={"Stage": "prod", "Relay": "true"},
    conditions={
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "NotProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "NotProd"}]},
        "Odd": {"Fn::Contains": []},
    },
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (None, True),
        (True, True),
        (False, False),
        ("ENABLED", True),
        ("DISABLED", False),
        ({"Ref": "Relay"}, True),
        ({"Fn::If": ["IsProd", False, True]}, False),
        ({"Fn::If": ["NotProd", False, {"Ref": "AWS::NoValue"}]}, True),
        ({"Fn::If": ["Both", False, True]}, True),
        ({"Fn::If": ["Either", False, True]}, False),
        ({"Fn::GetAtt": ["X", "Y"]}, True),
        ({"Fn::If": ["Odd", False, False]}, True),
    ],
)
def test_a_flag_is_read_as_cloudformation_does_and_has_a_default(expression, expected):
    assert RESOLVER.flag(expression, default=True) is expected


def test_what_only_the_engine_knows_is_said_to_be_unresolved():
    with pytest.raises(Unresolved):
        RESOLVER.value({"Fn::Sub": "${X}"})

    assert RESOLVER.value({"plain": {"Ref": "X"}}) == {"plain": {"Ref": "X"}}
