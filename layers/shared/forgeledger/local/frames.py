"""Length-prefixed JSON over the pipes between a function's process and its owner."""

import json
import os
import selectors
import struct
import time
from typing import Any, BinaryIO, Final

_LENGTH: Final = struct.Struct(">I")


class PipeClosed(Exception):
    """The other side has closed the pipe."""


class ReplyTimeout(Exception):
    """No complete message arrived before the deadline."""


def encode(message: Any) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


def write(pipe: BinaryIO, message: Any) -> None:
    try:
        pipe.write(encode(message))
        pipe.flush()
    except (BrokenPipeError, ValueError) as error:
        raise PipeClosed from error


def read(pipe: BinaryIO) -> Any:
    """The next message, without a deadline."""
    return json.loads(_exactly(pipe, _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]))


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = pipe.read(size - len(content))
        if not part:
            raise PipeClosed
        content += part
    return bytes(content)


class TimedReader:
    """Reads messages from an unbuffered pipe and gives up at a deadline."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._descriptor = pipe.fileno()
        self._buffer = bytearray()

    def read(self, deadline: float) -> Any:
        """The next message; `deadline` is in the seconds of `time.monotonic`."""
        size = _LENGTH.unpack(self._take(_LENGTH.size, deadline))[0]
        return json.loads(self._take(size, deadline))

    def _take(self, size: int, deadline: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            while len(self._buffer) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise ReplyTimeout
                content = os.read(self._descriptor, 1 << 20)
                if not content:
                    raise PipeClosed
                self._buffer += content
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
