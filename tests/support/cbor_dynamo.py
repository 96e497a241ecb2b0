"""A client that speaks CBOR with DynamoDB, and what answers it: a client that speaks JSON."""

import io
import json
import struct
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.parsers import RpcV2CBORParser
from botocore.session import Session

PROTOCOL = "smithy-rpc-v2-cbor"
# Lengths of one, two, four and eight bytes.
_WIDTHS = ((24, 1 << 8, ">B"), (25, 1 << 16, ">H"), (26, 1 << 32, ">I"), (27, 1 << 64, ">Q"))


class _CborModels(Loader):
    """Service models without JSON: botocore speaks the only protocol that is left."""

    def load_service_model(self, service_name: str, type_name: str, api_version: Any = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2":
            known = {"protocol": PROTOCOL, "protocols": [PROTOCOL]}
            model = {**model, "metadata": {**model["metadata"], **known}}
        return model


class CborService:
    """Reads each request as CBOR, makes it with a client of today, and answers in CBOR."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.operations: set[str] = set()

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        assert request.headers["Smithy-Protocol"].decode() == "rpc-v2-cbor"
        operation = request.url.rpartition("/")[2]
        self.operations.add(operation)
        parameters = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(request.body)))
        status = 200
        try:
            answer = self._client._make_api_call(operation, parameters)
        except ClientError as error:
            status, details = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response
            answer = {**details, "__type": details["Error"]["Code"]}
            answer["message"] = answer.pop("Error")["Message"]
        answer.pop("ResponseMetadata", None)
        headers = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
        return AWSResponse(request.url, status, headers, _Body(encode(answer)))


def cbor_client(service: CborService) -> Any:
    """A client that no hook of ours has touched yet."""
    session = Session()
    session.set_credentials("key", "secret")
    session.register_component("data_loader", _CborModels())
    client = session.create_client(
        "dynamodb",
        region_name="eu-central-1",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    client.meta.events.register("before-send.dynamodb", service)
    return client


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


def encode(value: Any) -> bytes:
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(encode, value))
        case dict():
            members = (encode(name) + encode(member) for name, member in value.items())
            return _head(5, len(value)) + b"".join(members)
    raise TypeError(json.dumps(value, default=repr))


def _head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    width, _, form = next(width for width in _WIDTHS if length < width[1])
    return bytes([major << 5 | width]) + struct.pack(form, length)
