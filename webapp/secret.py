"""The key that signs cookies and tokens of forms: made once, kept in the data folder, readable by its owner alone."""

import contextlib
import os
import secrets
from pathlib import Path


def read_or_make(path: Path) -> str:
    """The key in the file; the first process that asks makes it, all others read the same one."""
    if not path.exists():
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was faster; its key holds
        os.link(draft, path)
    draft.unlink()
