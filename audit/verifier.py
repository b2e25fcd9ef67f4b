"""Placeholder for primitives."""

import hashlib
from collections.abc import Sequence

HASH = 32  # bytes of SHA-256


def leaf_hash(content: bytes) -> bytes:
    """The hash of an entry as a leaf of the log (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def is_included(leaf: bytes, index: int, *, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof leads from the leaf at `index` to the root of `size` entries (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]) -> bool:
    """Whether the log of the new size and root begins with the old one (RFC 9162, section 2.1.4.2)."""
    (first, old_root), (second, new_root) = old, new
    if first in {0, second}:
        return not path and old_root == (new_root if first else hashlib.sha256(b"").digest())
    if first > second:
        return False
    steps = [old_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, found = node_hash(step, was), node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and was == old_root and found == new_root
