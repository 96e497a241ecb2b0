"""Lambda's event filtering, rule by rule."""

import json

import pytest

from forgeledger.local.filters import PatternError, matches, matches_any, parse_criteria

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"SK": {"S": "FACT#000000000001"}},
        "NewImage": {"count": {"N": "7"}, "gone": {"NULL": True}},
    },
    "size": 7,
    "ratio": 0.5,
    "flag": True,
    "nothing": None,
    "empty": "",
    "tags": ["red", "blue"],
    "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["insert"]}, False),
        ({"eventName": ["MODIFY", "INSERT"]}, True),
        ({"eventName": ["INSERT"], "size": [8]}, False),
        ({"dynamodb": {"Keys": {"SK": {"S": [{"prefix": "FACT#"}]}}}}, True),
        ({"dynamodb": {"Keys": {"SK": {"S": [{"prefix": "ITEM#"}]}}}}, False),
        ({"dynamodb": {"Keys": {"PK": {"S": [{"prefix": "x"}]}}}}, False),
        ({"eventName": [{"suffix": "SERT"}]}, True),
        ({"eventName": [{"suffix": "FY"}]}, False),
        ({"size": [{"prefix": "7"}]}, False),
        ({"eventName": [{"prefix": {"equals-ignore-case": "inS"}}]}, True),
        ({"eventName": [{"suffix": {"equals-ignore-case": "erT"}}]}, True),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"size": [{"equals-ignore-case": "7"}]}, False),
        ({"size": [7]}, True),
        ({"size": [7.0]}, True),
        ({"size": ["7"]}, False),
        ({"flag": [True]}, True),
        ({"flag": [1]}, False),
        ({"size": [True]}, False),
        ({"nothing": [None]}, True),
        ({"absent": [None]}, False),
        ({"empty": [""]}, True),
        ({"eventName": [{"exists": True}]}, True),
        ({"absent": [{"exists": True}]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"eventName": [{"exists": False}]}, False),
        ({"dynamodb": [{"exists": True}]}, False),
        ({"dynamodb": {"OldImage": {"x": [{"exists": False}]}}}, True),
        ({"eventName": [{"anything-but": "REMOVE"}]}, True),
        ({"eventName": [{"anything-but": ["INSERT", "REMOVE"]}]}, False),
        ({"eventName": [{"anything-but": {"prefix": "INS"}}]}, False),
        ({"eventName": [{"anything-but": {"suffix": ["FY", "VE"]}}]}, True),
        ({"absent": [{"anything-but": "x"}]}, False),
        ({"size": [{"numeric": ["=", 7]}]}, True),
        ({"size": [{"numeric": [">", 0, "<=", 7]}]}, True),
        ({"size": [{"numeric": [">", 7]}]}, False),
        ({"ratio": [{"numeric": ["<", 1]}]}, True),
        ({"size": [{"numeric": [">=", 8]}]}, False),
        ({"flag": [{"numeric": ["=", 1]}]}, False),
        ({"dynamodb": {"NewImage": {"count": {"N": [{"numeric": ["=", 7]}]}}}}, False),
        ({"dynamodb": {"NewImage": {"count": {"N": ["7"]}}}}, True),
        ({"tags": ["blue"]}, True),
        ({"tags": ["green"]}, False),
        ({"lines": {"sku": ["b"], "n": [2]}}, True),
        ({"lines": {"sku": ["b"], "n": [1]}}, False),
        ({"$or": [{"size": [8]}, {"ratio": [0.5]}]}, True),
        ({"eventName": ["INSERT"], "$or": [{"size": [8]}, {"ratio": [1]}]}, False),
        ({"eventName": {"deeper": ["INSERT"]}}, False),
    ],
)
def test_a_pattern_matches_as_documented(pattern, expected):
    assert matches(pattern, RECORD) is expected


def test_a_record_passes_if_any_pattern_matches_and_if_there_are_none():
    first, second = {"eventName": ["REMOVE"]}, {"size": [7]}

    assert matches_any((first, second), RECORD)
    assert not matches_any((first,), RECORD)
    assert matches_any((), RECORD)


def test_criteria_are_parsed_from_the_mapping():
    pattern = {"eventName": ["INSERT"]}

    criteria = {"Filters": [{"Pattern": json.dumps(pattern)}]}

    assert parse_criteria(criteria) == (pattern,)
    assert parse_criteria(None) == ()


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"a": []}',
        '{"a": "plain"}',
        '{"a": [{"between": 1}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"numeric": ["~", 1]}]}',
        '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"anything-but": {"numeric": 1}}]}',
        '{"$or": {"a": [1]}}',
        '{"$or": [{"a": []}]}',
    ],
)
def test_a_pattern_that_aws_would_refuse_is_refused(text):
    with pytest.raises(PatternError):
        parse_criteria({"Filters": [{"Pattern": text}]})
