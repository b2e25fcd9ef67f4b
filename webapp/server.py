"""The HTTP server: Cheroot with threads, streamed in both directions, and bounds on what a client can make it do."""

from __future__ import annotations

import logging
import time
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Server

logger = logging.getLogger(__name__)

TIMEOUT = 30  # seconds that a client may be silent in the middle of a request or an answer
STOP_TIMEOUT = 5  # seconds that running requests have to finish when the server stops
HEADERS = 64 << 10  # bytes of a request's headers
DRAINED = 8 << 20  # bytes of an unwanted body that are read so that the client sees the answer
DRAIN_TIME = 2.0  # seconds, for the same
CHUNK = 64 << 10  # bytes
BACKLOG = 128  # connections that the kernel holds for us
KEPT_ALIVE = 200  # idle connections


class BoundedRequest(HTTPRequest):
    """A request whose body is never read into memory, also when nobody wants it."""

    def read_request_headers(self) -> bool:
        """Refuse what makes the length of the body ambiguous (RFC 9112, section 6.3)."""
        good = bool(super().read_request_headers())  # type: ignore[no-untyped-call]  # Cheroot's stubs miss it
        length = self.inheaders.get(b"Content-Length")
        if good and length is not None and (self.chunked_read or not length.isdigit()):
            self.close_connection = True
            self.simple_response("400 Bad Request", "The length of the body is ambiguous.")
            return False
        return good

    def send_headers(self) -> None:
        """Answer before the body was read: read a little of the rest, then close.

        Cheroot 11.1 reads all of the rest in one piece, which a client can make as large as it likes.
        """
        if self.chunked_read:
            self.close_connection = True  # we cannot know whether the rest was read
        elif getattr(self.rfile, "remaining", 0) > 0:
            self._drain()
        super().send_headers()

    def _drain(self) -> None:
        end = time.monotonic() + DRAIN_TIME
        budget = DRAINED
        while self.rfile.remaining > 0 and budget > 0 and time.monotonic() < end:
            try:
                piece = self.rfile.read(min(CHUNK, self.rfile.remaining))
            except OSError:
                break
            if not piece:
                break
            budget -= len(piece)
        if self.rfile.remaining > 0:
            self.close_connection = True
            self.rfile.remaining = 0


class BoundedConnection(HTTPConnection):
    """A connection that makes bounded requests."""

    RequestHandlerClass = BoundedRequest


class WebServer(Server):
    """Cheroot with our bounds and our log."""

    ConnectionClass = BoundedConnection
    max_request_header_size = HEADERS
    keep_alive_conn_limit = KEPT_ALIVE
    refused: OSError | None = None  # why it could not listen, which Cheroot 11.1 tells only inside a text of its own

    def bind(self, family: int, type: int, proto: int = 0) -> Any:  # noqa: A002 -- Cheroot's signature
        """Take the address. Raises `OSError`."""
        try:
            return super().bind(family, type, proto)
        except OSError as error:
            self.refused = error
            raise

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 -- Cheroot's signature
        """Write to our log instead of standard error."""
        logger.log(level, "http server", extra={"action": "http", "detail": msg}, exc_info=traceback)


def make_server(app: Any, host: str, port: int, *, threads: int) -> WebServer:
    """A server that listens once `prepare` is called; port 0 picks a free one."""
    server = WebServer(
        (host, port),
        app,
        numthreads=threads,
        server_name="Obieg",
        request_queue_size=BACKLOG,
        timeout=TIMEOUT,
        shutdown_timeout=STOP_TIMEOUT,
    )
    server.software = "Obieg"
    return server
