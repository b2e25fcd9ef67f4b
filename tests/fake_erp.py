"""An ERP over HTTP inside the test's process: knows keys, numbers what it takes, and fails as a test says."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class FakeErp:
    """`troubles` are used up one by one: busy, refuse, later, break (takes it, cuts the line), silent (takes it)."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key, in the order of arrival
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    is_away: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.post(self)

            def do_GET(self) -> None:
                outer.get(self)

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return  # a client that has given up

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/obieg"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def number(self, key: str) -> str:
        return f"R3-{list(self.taken).index(key) + 1}"

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        key = handler.headers["Idempotency-Key"]
        with self.lock:
            self.calls.append(("POST", handler.path, {name.lower(): said for name, said in handler.headers.items()}))
            trouble = "busy" if self.is_away else self.troubles.pop(0) if self.troubles else ""
            if trouble not in {"busy", "refuse"}:
                self.taken.setdefault(key, body)
        match trouble:
            case "busy":
                reply(handler, 503, {"title": "come again"})
            case "refuse":
                reply(handler, 422, {"detail": "The tax number is missing."})
            case "later":
                reply(handler, 202, {})
            case "break":
                handler.connection.shutdown(socket.SHUT_RDWR)
            case "silent":
                self.over.wait()
            case _:
                reply(handler, 201, {"number": self.number(key)})

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        if self.is_away:
            reply(handler, 503, {})
            return
        begin = int(query.get("after", ["0"])[0])
        page = self.documents[begin : begin + 2]
        reply(handler, 200, {"items": page, "next": str(begin + len(page))})


def reply(handler: BaseHTTPRequestHandler, status: int, said: Any) -> None:
    content = json.dumps(said).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
