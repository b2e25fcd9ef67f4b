"""Where tests keep what ends with them: in memory where there is room.

A disk's file system is slow at files that come and go: ext4 looks for an inode that nobody has deleted lately, one by
one, and a migrated database is 1 200 files. `OBIEG_TEST_SCRATCH` names a folder to use instead.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a run keeps less than a quarter of this at a time


def folder(prefix: str) -> Path:
    """A new folder; who asks for it removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_parent()))


@cache
def _parent() -> str | None:
    """None where the system's temporary folder has to do."""
    named = os.environ.get("OBIEG_TEST_SCRATCH")
    if named:
        return named
    try:
        found = os.statvfs(MEMORY)
    except (OSError, AttributeError):
        return None
    roomy = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available) >= ROOM
    refuses_programs = found.f_flag & os.ST_NOEXEC  # tests write some and run them
    return str(MEMORY) if roomy and not refuses_programs and os.access(MEMORY, os.W_OK) else None
