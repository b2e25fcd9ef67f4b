"""Takes from the worker process all that reading a file does not need: memory, time, network, files, other programs."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import Any

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)
NO_NEW_PRIVILEGES = 38  # of prctl(2)
OPEN_FILES = 64
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REFUSED = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("shutil.", "tempfile.", "urllib.", "http.", "ftplib.", "smtplib.", "pty.", "syslog."),
)


class Refused(PermissionError):
    """The process tried what it may not do."""


def confine(memory: int) -> None:
    """Give up for good; `memory` is the address space that is left, in bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write to a file is an error then, not a death
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),  # no file can be written; pipes and sockets are none
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # where the system knows no such limit, the others remain
            resource.setrlimit(kind, (most, most))
    leave_the_network()
    readable = tuple({os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, *sys.path) if path})
    sys.addaudithook(lambda event, values: _look(event, values, readable))


def allow_time(seconds: int) -> None:
    """Let the process compute for so many seconds from now; afterwards the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def leave_the_network() -> None:
    """Move into a network without any interface, where the system lets us."""
    with contextlib.suppress(OSError, AttributeError):
        system = ctypes.CDLL(None, use_errno=True)
        system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if system.unshare(NEW_NETWORK) != 0:
            system.unshare(NEW_USER | NEW_NETWORK)


def _look(event: str, values: tuple[Any, ...], readable: tuple[str, ...]) -> None:
    if event == "open":
        path, _, flags = values
        if isinstance(path, int):  # it is open already
            return
        if flags & WRITING or not os.path.realpath(os.fsdecode(path)).startswith(readable):
            raise Refused(event)
    elif event.startswith(REFUSED):
        raise Refused(event)
