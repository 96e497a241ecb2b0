"""The size of a row in bytes, as DynamoDB counts it."""

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
            return 3 + sum(1 + _value_bytes(element) for element in content)
        case _:
            raise AssertionError(f"the ledger's rows have no attribute of type {kind}")
