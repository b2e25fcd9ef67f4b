"""Who uses a data folder: one server at a time, and the last process that leaves stops the embedded database."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from core.errors import Unavailable

PATIENCE = 30.0  # seconds to wait for a process that is just stopping the database


class DataFolder:
    """Locks of the operating system: they end with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._owner: int | None = None

    def join(self) -> None:
        """Use the folder beside others. Raises `Unavailable` when its database is being stopped for too long."""
        end = time.monotonic() + PATIENCE
        while not _locked(self._users, fcntl.LOCK_SH):
            if time.monotonic() > end:
                raise Unavailable(f"Another process has been stopping the database in {self.folder} for a long time.")
            time.sleep(0.05)

    def own(self) -> None:
        """Be the one server of the folder. Raises `Unavailable` that names the one that is."""
        self._owner = os.open(self.folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if not _locked(self._owner, fcntl.LOCK_EX):
            other = os.read(self._owner, 32).decode(errors="replace").strip() or "unknown"
            raise Unavailable(
                f"The data folder {self.folder} is served already, by process {other}. "
                "Stop that one first, or set OBIEG_DATA to another folder."
            )
        os.ftruncate(self._owner, 0)
        os.pwrite(self._owner, str(os.getpid()).encode(), 0)

    def is_last(self) -> bool:
        """Whether no other process uses the folder; from then on, until `leave`, none can join."""
        return _locked(self._users, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Give the locks back."""
        for descriptor in (self._users, self._owner):
            if descriptor is not None:
                os.close(descriptor)
        self._owner = None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
