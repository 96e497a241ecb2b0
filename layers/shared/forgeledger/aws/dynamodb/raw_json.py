"""Skip botocore's conversion: rows are already DynamoDB JSON.

botocore would visit every value of every row, by its model, on the way out and on the way in. That
took a third of the intake's processor time; `json` does the same in C.

Which protocol it speaks follows from its own preference and from the service's model. Where that is
not JSON, the client is left as botocore made it: slower, and right.
"""

import base64
import json
from typing import Any, Final

# Under this name the rows of a call are held between botocore's two hooks.
_HELD: Final = "forgeledger_rows"
_ROWS: Final = "TransactItems"
_OK: Final = 200
_PROTOCOL: Final = "json"


def _base64(packed: bytes) -> str:
    return base64.b64encode(packed).decode()


_compact = json.JSONEncoder(separators=(",", ":"), default=_base64).encode


def without_conversion(client: Any) -> Any:
    """The same client, for transactions, and for batch reads of rows without binary attributes.

    Heads, headers and items have none. Journal rows do; they are read by Query. The client needs
    `parameter_validation=False`, since validation would miss the rows.
    """
    if client.meta.service_model.resolved_protocol != _PROTOCOL:
        return client
    events = client.meta.events
    events.register("before-parameter-build.dynamodb.TransactWriteItems", _hold_rows)
    events.register("before-call.dynamodb.TransactWriteItems", _insert_rows)
    events.register("before-parse.dynamodb.BatchGetItem", _read_rows)
    return client


def _hold_rows(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[_HELD] = params.pop(_ROWS)


def _insert_rows(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Called before the request is signed and measured."""
    request = json.loads(params["body"])
    request[_ROWS] = context.pop(_HELD)
    params["body"] = _compact(request).encode()


def _read_rows(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """A body that is not JSON is left to botocore, which raises the error that is retried."""
    if response_dict["status_code"] != _OK:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:
        return
    if isinstance(answer, dict):
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"
