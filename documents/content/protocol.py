"""What the server and its worker process say to each other: a line of facts, bytes behind it, perhaps an open file."""

import json
import os
import socket
import struct
import time
from typing import Any

HEADER = struct.Struct("!IQ")  # lengths of the facts and of the bytes
FACTS = 32 << 20  # bytes of facts that are believed


class Garbled(Exception):
    """The other side is gone, or says what it should not."""


def send(channel: socket.socket, facts: dict[str, Any], payload: bytes = b"", *, file: int | None = None) -> None:
    """Say something; `file` is a descriptor that the other side gets a copy of."""
    described = json.dumps(facts).encode()
    header = HEADER.pack(len(described), len(payload))
    if file is None:
        channel.sendall(header)
    else:
        sent = socket.send_fds(channel, [header], [file])
        channel.sendall(header[sent:])
    channel.sendall(described)
    if payload:
        channel.sendall(payload)


def receive(channel: socket.socket, *, most: int, seconds: float | None = None) -> tuple[dict[str, Any], bytes]:
    """What the other side says, of at most so many bytes. Raises `Garbled`, `TimeoutError`."""
    until = None if seconds is None else time.monotonic() + seconds
    lengths = HEADER.unpack(_exactly(channel, HEADER.size, until))
    if lengths[0] > min(most, FACTS) or lengths[1] > most:
        raise Garbled("more than may be said")
    facts = json.loads(_exactly(channel, lengths[0], until))
    if not isinstance(facts, dict):
        raise Garbled("no facts")
    return facts, _exactly(channel, lengths[1], until)


def receive_with_file(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    """What the server asks, and the file that it is about; None when the server is gone."""
    header, files, _, _ = socket.recv_fds(channel, HEADER.size, 1)
    if not header:
        return None
    if len(files) != 1:
        raise Garbled("no file")
    header += _exactly(channel, HEADER.size - len(header), None)
    length, _ = HEADER.unpack(header)
    try:
        return json.loads(_exactly(channel, length, None)), files[0]
    except BaseException:
        os.close(files[0])
        raise


def _exactly(channel: socket.socket, count: int, until: float | None) -> bytes:
    pieces, left = [], count
    while left:
        if until is not None:
            rest = until - time.monotonic()
            if rest <= 0:
                raise TimeoutError
            channel.settimeout(rest)
        piece = channel.recv(min(left, 1 << 20))
        if not piece:
            raise Garbled("gone")
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
