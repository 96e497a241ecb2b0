"""Rows on the wire as they are: they are built in DynamoDB's own JSON, and read in it.

botocore would walk through every value of every row once more, by its model, on the way out and
on the way in. That took a third of the intake's processor time; `json` does the same in C.
"""

import base64
import json
from typing import Any, Final

# Where the rows of a call wait between botocore's two hooks.
_ASIDE: Final = "forgeledger_rows"
_ROWS: Final = "TransactItems"
_OK: Final = 200


def _base64(packed: bytes) -> str:
    return base64.b64encode(packed).decode()


_compact = json.JSONEncoder(separators=(",", ":"), default=_base64).encode


def without_conversion(client: Any) -> Any:
    """The same client, for transactions, and for batch reads of rows that hold no binary.

    Heads, headers and items hold none. Journal rows do; they are queried. The client has to be made
    with `parameter_validation=False`: it would miss what is set aside.
    """
    events = client.meta.events
    events.register("before-parameter-build.dynamodb.TransactWriteItems", _set_aside)
    events.register("before-call.dynamodb.TransactWriteItems", _put_in)
    events.register("before-parse.dynamodb.BatchGetItem", _take_out)
    return client


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[_ASIDE] = params.pop(_ROWS)


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Before the request is signed and its length is taken."""
    request = json.loads(params["body"])
    request[_ROWS] = context.pop(_ASIDE)
    params["body"] = _compact(request).encode()


def _take_out(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """What botocore cannot read either is left to it: it raises the error that is tried again."""
    if response_dict["status_code"] != _OK:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:
        return
    if isinstance(answer, dict):
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"
