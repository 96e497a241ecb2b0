"""How many bytes a row has as DynamoDB counts them."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import Row


def row_bytes(row: Row) -> int:
    return sum(len(name.encode()) + _value_bytes(value) for name, value in row.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return (len(content.strip("-0")) + 1) // 2 + 1
        case "B":
            return len(content)
        case "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in content)
        case _:
            raise AssertionError(f"no row of ours has a {kind}")
