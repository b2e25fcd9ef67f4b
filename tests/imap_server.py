"""A real IMAP server of its own process (pymap), with one mailbox in memory."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imap_tools import MailBoxUnencrypted

USER, PASSWORD = "office", "rzeka-latarnia-47"
START = 30  # seconds
SERVE = "from pymap.main import main; main()"


@dataclass
class ImapServer:
    """Where it listens; `box` is a client that looks into it."""

    port: int

    @contextmanager
    def box(self) -> Iterator[MailBoxUnencrypted]:
        with MailBoxUnencrypted("127.0.0.1", self.port, timeout=10) as box:
            box.login(USER, PASSWORD)
            yield box

    def deliver(self, *messages: bytes) -> None:
        with self.box() as box:
            for message in messages:
                box.append(message)

    def count(self, folder: str) -> int:
        with self.box() as box:
            if not box.folder.exists(folder):
                return 0
            box.folder.set(folder)
            return len(box.uids())


@contextmanager
def imap_server(*, certificate: Path | None = None) -> Iterator[ImapServer]:
    """A server that speaks in clear, or, with a certificate and its key in one file, offers STARTTLS."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-service", "admin"]
    options += ["--no-tls"] if certificate is None else ["--cert", str(certificate), "--key", str(certificate)]
    backend = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *options, *backend], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the IMAP server did not start"
                assert time.monotonic() < end, "the IMAP server did not start"
                time.sleep(0.05)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(10)
