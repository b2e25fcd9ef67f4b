"""Who uses a data folder: one server at a time, and the last process that leaves stops the embedded database."""

import fcntl
import os
import time
from pathlib import Path

from core.errors import Unavailable

OWNER = "obieg.lock"
USERS = "users.lock"
PATIENCE = 30.0  # seconds to wait for a process that is just stopping the database


class DataFolder:
    """Locks of the operating system: they end with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users: int | None = None
        self._owner: int | None = None

    def own(self) -> None:
        """Be the one server of the folder. Raises `Unavailable` that names the one that is."""
        lock = self._open(OWNER)
        if not _locked(lock, fcntl.LOCK_EX):
            other = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise Unavailable(
                f"The data folder {self.folder} is served already, by process {other}. "
                "Stop that one first, or set OBIEG_DATA to another folder.",
                process=other,
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._owner = lock

    def join(self) -> None:
        """Use the folder beside others. Raises `Unavailable` when its database is being stopped for too long."""
        users = self._open(USERS)
        end = time.monotonic() + PATIENCE
        while not _locked(users, fcntl.LOCK_SH):
            if time.monotonic() > end:
                os.close(users)
                raise Unavailable(f"Another process has been stopping the database in {self.folder} for a long time.")
            time.sleep(0.05)
        self._users = users

    def is_last(self) -> bool:
        """Whether no other process has joined; from then on, until `leave`, none can. Ends the joining otherwise."""
        return self._users is not None and _locked(self._users, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Give the locks back; nothing happens when there are none."""
        for lock in (self._users, self._owner):
            if lock is not None:
                os.close(lock)
        self._users = self._owner = None

    def _open(self, name: str) -> int:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The data folder {self.folder} cannot be used: {error.strerror}. Give this user the right to write "
                "there, or set OBIEG_DATA to another folder."
            ) from error


class Waiting:
    """A lock for a block of work; the others wait for its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: int | None = None

    def __enter__(self) -> None:
        self._lock = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
