"""An HTTPS server inside the test's process, and a network in which names lead to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.clock import SystemClock
from tests.mailbox import server_context
from webapp.operations.network import Web
from webapp.operations.secrets import Secrets

PUBLIC = "93.184.216.34"
Reply = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int = 200, content: bytes = b"", **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    return reply


def as_json(value: Any, status: int = 200) -> Reply:
    return answer(status, json.dumps(value).encode(), Content_Type="application/json")


class Server:
    """An HTTPS server whose answers a test says by path; `seen` are the requests that came."""

    def __init__(self, *, encrypted: bool = True) -> None:
        self.replies: dict[str, Reply] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append((self.command, self.path, headers, body))
                outer.replies.get(self.path.partition("?")[0], answer(404))(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815 -- the library's names

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return  # a client that cuts the line is what some tests are about

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_address[1]
        if encrypted:
            self._server.socket = server_context().wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Names:
    """A network in which names are what a test says, and public addresses lead to the test's server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.names: dict[str, list[list[str]]] = {"api.example.com": [[PUBLIC]], "www.example.com": [[PUBLIC]]}
        self.connected: list[str] = []

    def addresses(self, host: str, port: int) -> Sequence[str]:
        known = self.names.get(host)
        if known is None:
            raise OSError("no such name")
        return known.pop(0) if len(known) > 1 else known[0]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append(address)
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)


class Outside:
    """What the operation needs of the world around it."""

    clock = SystemClock()

    def __init__(self, web: Web, secrets: Secrets) -> None:
        self._ports: dict[type, Any] = {Web: web, Secrets: secrets}

    def port(self, kind: type) -> Any:
        return self._ports[kind]

    def reading(self) -> Any:
        raise AssertionError("nothing is read here")
