from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from webapp.server import make_server

Start = Callable[[str, list[tuple[str, str]]], Any]


def hello(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answers without reading the body, except below /read."""
    size = 0
    if environ["PATH_INFO"] == "/read":
        while piece := environ["wsgi.input"].read(1000):
            size += len(piece)
    text = f"read {size}".encode()
    start("200 OK", [("Content-Length", str(len(text)))])
    return [text]


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    server = make_server(hello, "127.0.0.1", 0, threads=2)
    server.timeout = 1
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield "127.0.0.1", server.bind_addr[1]
    server.stop()
    thread.join()


def talk(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer


def test_a_small_unwanted_body_does_not_cost_the_connection(address: tuple[str, int]) -> None:
    one = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
    two = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answer = talk(address, one + two)

    assert answer.count(b"200 OK") == 2


def test_an_unwanted_body_that_never_comes_is_not_waited_for_and_not_held_in_memory(address: tuple[str, int]) -> None:
    answer = talk(address, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n" + b"x" * 1000)

    assert b"200 OK" in answer
    assert b"Connection: close" in answer


def test_the_connection_is_closed_after_a_large_unwanted_body(address: tuple[str, int]) -> None:
    answer = talk(address, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n" + b"x" * (9 << 20))

    assert answer == b"" or b"Connection: close" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: five\r\n",
    ],
)
def test_a_body_of_ambiguous_length_is_refused(address: tuple[str, int], head: bytes) -> None:
    answer = talk(address, b"POST /read HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400")


def test_a_chunked_body_is_read_to_its_end(address: tuple[str, int]) -> None:
    answer = talk(
        address,
        b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n",
    )

    assert b"read 8" in answer


def test_headers_are_bounded(address: tuple[str, int]) -> None:
    answer = talk(address, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"x" * 100_000 + b"\r\n\r\n")

    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
