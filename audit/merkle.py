"""Roots and proofs of a Merkle log (RFC 9162, section 2.1), from the hashes of its complete subtrees."""

import hashlib
from collections.abc import Callable, Iterator

from audit.verifier import HASH, node_hash

EMPTY = hashlib.sha256(b"").digest()  # the root of a log without entries

Nodes = Callable[[int, int], bytes]  # level and index: the hash of the entries [index << level, (index + 1) << level)


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the first `size` entries."""
    return _subtree(0, size, nodes) if size else EMPTY


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """What leads from the entry `index` to the root of the first `size` entries, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"the first {size} entries have no number {index}")
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_subtree(middle, high, nodes))
            high = middle
        else:
            path.append(_subtree(low, middle, nodes))
            low = middle
    return path[::-1]


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """What shows that the first `second` entries begin with the first `first` ones."""
    if not 0 <= first <= second:
        raise ValueError(f"{second} entries do not begin with {first}")
    if first in {0, second}:
        return []
    low, high, path, is_whole = 0, second, [], True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(_subtree(middle, high, nodes))
            high = middle
        else:
            path.append(_subtree(low, middle, nodes))
            low, is_whole = middle, False
    return ([] if is_whole else [_subtree(low, high, nodes)]) + path[::-1]


def fold(hashes: bytes | bytearray) -> bytes:
    """The root of a complete subtree; the number of hashes, one after the other, is a power of two."""
    row, sha256 = bytes(hashes), hashlib.sha256
    while len(row) > HASH:
        starts = range(0, len(row), 2 * HASH)
        row = b"".join([sha256(b"\1" + row[start : start + 2 * HASH]).digest() for start in starts])  # as `node_hash`
    return row


def complete_subtrees(size: int) -> Iterator[tuple[int, int]]:
    """Level and index of the complete subtrees that `size` entries consist of, from left to right."""
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, start >> level
            start += 1 << level


def _subtree(low: int, high: int, nodes: Nodes) -> bytes:
    """The hash of the entries [low, high), where `low` is a multiple of the next power of two."""
    found: bytes | None = None
    for level, index in reversed(list(complete_subtrees(high - low))):
        node = nodes(level, index + (low >> level))
        found = node if found is None else node_hash(node, found)
    assert found is not None
    return found


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
