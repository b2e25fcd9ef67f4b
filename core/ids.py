"""Identifiers that sort by the time at which they were made."""

import os
import threading
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH = 26  # characters: 48 bits of milliseconds and 80 random bits
LARGEST_NUMBER = 2**31 - 1  # of a version or a page: what an integer column holds
_RANDOM_BITS = 80
_PAIRS = [one + two for one in ALPHABET for two in ALPHABET]  # the 1024 ways to write ten bits
_SHIFTS = range(5 * (LENGTH - 2), -1, -10)
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A fresh identifier of 26 characters; within one process each is greater than the one before."""
    global _last  # noqa: PLW0603 -- the last value keeps ids of one millisecond in order
    fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10))
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        number = _last
    return encode(number)


def encode(number: int) -> str:
    """Write a 130-bit number as 26 characters."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def successor(text: str) -> str:
    """The next identifier in order; for a row that must sort behind one from a machine whose clock is ahead."""
    number = 0
    for character in text:
        number = number * 32 + ALPHABET.index(character)
    return encode(number + 1)


def is_id(text: str) -> bool:
    """Whether a text has the form of an identifier (it may still name nothing)."""
    return len(text) == LENGTH and all(character in ALPHABET for character in text)
