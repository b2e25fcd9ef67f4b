"""Lets a process see no other files than those it needs, where the kernel can (Linux with Landlock)."""

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

CREATE, ADD, RESTRICT = 444, 445, 446  # landlock_create_ruleset(2) and its two siblings: the same on every machine
VERSION, BENEATH = 1, 1
DROP_FROM_BOUND, NO_NEW_PRIVILEGES = 24, 38  # of prctl(2)
EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
ALL = ((1 << 13) - 1, (1 << 14) - 1, (1 << 15) - 1, (1 << 15) - 1, (1 << 16) - 1)  # rights that version 1, 2 … knows
SOCKET = 1 << 9
OF_A_FILE = EXECUTE | WRITE | READ | 1 << 14 | 1 << 15  # the others make sense for folders only
NO_CALLS = 0b11  # neither waiting for nor making a connection; since version 4
ALONE = 0b11  # no abstract socket and no signal that leads outside; since version 6
SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/proc", "/sys/devices/system/cpu", "/var/cache/fontconfig"),
    *("/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/libreoffice", "/etc/localtime", "/etc/papersize"),
    *("/etc/ghostscript", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/locale.alias"),
    *("/var/lib/ghostscript", "/var/lib/libreoffice", "/var/spool/libreoffice"),
)  # what programs are made of; nothing that a firm keeps
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def see_only(readable: Iterable[str], writable: Iterable[str] = (), *, sockets: Iterable[str] = ()) -> bool:
    """From now on nothing else can be opened, by this process and what it becomes; False where the kernel cannot.

    In the folders of `sockets` it may make sockets of its own, nothing else. What others of its account run cannot be
    looked into either, although `/proc` is seen.
    """
    with suppress(OSError, AttributeError):
        system = ctypes.CDLL(None, use_errno=True)
        version = system.syscall(CREATE, None, ctypes.c_size_t(0), VERSION)
        if version < 1:
            return False
        every = ALL[min(version, len(ALL)) - 1]
        wanted = [(path, EXECUTE | READ | LIST) for path in (*SYSTEM, *readable)]
        wanted += [(path, READ | WRITE) for path in DEVICES]
        wanted += [(path, every) for path in writable] + [(path, SOCKET) for path in sockets]
        return _restricted(system, version, every, wanted)
    return False


def give_up_powers() -> None:
    """The program that this process becomes has none of root's powers, even when root starts it."""
    with suppress(OSError, AttributeError):
        system = ctypes.CDLL(None, use_errno=True)
        for power in range(64):  # more than there are: the kernel refuses the others
            system.prctl(DROP_FROM_BOUND, power, 0, 0, 0)


def _restricted(system: Any, version: int, every: int, wanted: Iterable[tuple[str, int]]) -> bool:
    rights = struct.pack("=QQQ", every, NO_CALLS if version >= 4 else 0, ALONE if version >= 6 else 0)
    rights = rights[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = system.syscall(CREATE, rights, ctypes.c_size_t(len(rights)), 0)
    if rules < 0:
        return False
    try:
        for path, allowed in wanted:
            _allow(system, rules, path, allowed & every)
        system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(system.syscall(RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(system: Any, rules: int, path: str, allowed: int) -> None:
    with suppress(OSError):  # what is not there needs no rule
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):  # noqa: PTH112 -- pathlib would be loaded in every worker for this alone
                allowed &= OF_A_FILE
            system.syscall(ADD, rules, BENEATH, struct.pack("=Qi", allowed, descriptor), 0)
        finally:
            os.close(descriptor)
