"""Runs the parts of one process: web server, workers and clock, from a signal to start to a signal to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Protocol

from core.errors import DomainError, Unavailable
from storage.embedded import start_embedded
from webapp.background import make_clock, make_worker
from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

KEEP = 2.0  # seconds between looks whether the embedded database is there
LOOK = 0.5  # seconds between looks whether a signal came
GRACE = 4.0  # seconds that running jobs get to finish; one that does not is run again


class Part(Protocol):
    """Something that runs in threads of its own."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> object:
        """End within a few seconds; what is running is finished or given back."""


class WebPart:
    """The web server."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        from webapp import create_app
        from webapp.server import make_server

        self._server = make_server(create_app(application), host, port, threads=application.settings.web_threads)
        self._thread = threading.Thread(target=self._server.serve, name="web", daemon=True)
        self._address = f"{host}:{port}"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.bind_addr[1])

    def start(self) -> None:
        """Listen. Raises `Unavailable` when the address is taken."""
        try:
            self._server.prepare()
        except OSError as error:
            raise _nothing_listens(self._address, self._server.refused or error) from error
        self._thread.start()

    def stop(self) -> None:
        """Finish running requests, for a few seconds."""
        self._server.stop()
        self._thread.join(timeout=5)


class DatabaseKeeper:
    """Starts the embedded database again when it is gone: killed, crashed, or stopped by hand."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="database-keeper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; whoever closes the application stops the database."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopping.wait(KEEP):
            try:
                if start_embedded(self._data).started_here:
                    logger.warning("the database was gone and is back", extra={"action": "keep_database"})
            except DomainError as error:
                extra = {"action": "keep_database", "error": error.sentence}
                logger.warning("the database is gone and does not come back", extra=extra)


def check_address(host: str, port: int) -> None:
    """See before long preparations whether the web server will be able to listen. Raises `Unavailable`."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise _nothing_listens(f"{host}:{port}", error) from error


def _nothing_listens(address: str, error: OSError) -> Unavailable:
    reason = (error.strerror or str(error)).partition(" (while ")[0]  # Python tells the address once more
    return Unavailable(f"Nothing can listen on {address}: {reason}. Choose another --port.")


def make_parts(application: Application, names: Sequence[str], *, host: str, port: int) -> list[Part]:
    """The parts of those names, in the order in which they start."""
    makers: dict[str, Callable[[], Part]] = {
        "worker": lambda: make_worker(application, grace=GRACE),
        "clock": lambda: make_clock(application),
        "web": lambda: WebPart(application, host, port),
    }
    keepers: list[Part] = [DatabaseKeeper(application.settings.data)] if application.database.embedded else []
    return keepers + [make() for name, make in makers.items() if name in names]


def run(parts: Sequence[Part], *, ready: Callable[[], None]) -> None:
    """Start the parts, say so, and stop them in reverse order when SIGINT or SIGTERM comes; a second one kills."""
    stopping = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            os._exit(130)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.callback(part.stop)
        ready()
        notify("READY=1")
        while not stopping.wait(LOOK):
            pass  # Python's handler runs here alone, and a signal that another thread took does not wake a bare wait
        notify("STOPPING=1")
        logger.info("stopping", extra={"action": "stop"})


def notify(state: str) -> None:
    """Tell systemd, where there is one (sd_notify's protocol)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            logger.warning("the service manager does not listen", extra={"action": "notify"})
