"""The Merkle log: the roots of RFC 6962's test vectors, and proofs for every size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import EMPTY, consistency_proof, inclusion_proof, root
from audit.tiles import Growth, Place, Tiles
from audit.verifier import is_consistent, is_included, leaf_hash, node_hash

# the inputs and roots that the implementations of RFC 6962 test themselves with
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {  # (index, size): the steps, of the same vectors
    (0, 1): (),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY = {
    (1, 1): (),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
SIZES = st.integers(min_value=1, max_value=1500)


class Log:
    """A log in memory, appended to in batches."""

    def __init__(self, leaves: list[bytes], batch: int = 1000) -> None:
        self.tiles: dict[Place, bytes] = {}
        for start in range(0, len(leaves), batch):
            growth = Growth(start, self.load)
            growth.append(leaves[start : start + batch])
            self.tiles |= {place: bytes(tile) for place, tile in growth.changed.items()}
        self.nodes = Tiles(self.load)

    def load(self, place: Place) -> bytes:
        return self.tiles.get(place, b"")


def numbered(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def plain_root(leaves: list[bytes]) -> bytes:
    """As RFC 9162 defines it, by recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(plain_root(leaves[:half]), plain_root(leaves[half:]))


VECTOR = Log([leaf_hash(bytes.fromhex(each)) for each in INPUTS])
LARGE = numbered(70_000)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_vectors(size: int) -> None:
    assert root(size, VECTOR.nodes).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root(0, VECTOR.nodes) == EMPTY


@pytest.mark.parametrize(("place", "steps"), INCLUSION.items())
def test_inclusion_proofs_are_those_of_the_vectors(place: tuple[int, int], steps: tuple[str, ...]) -> None:
    assert tuple(step.hex() for step in inclusion_proof(*place, VECTOR.nodes)) == steps


@pytest.mark.parametrize(("sizes", "steps"), CONSISTENCY.items())
def test_consistency_proofs_are_those_of_the_vectors(sizes: tuple[int, int], steps: tuple[str, ...]) -> None:
    assert tuple(step.hex() for step in consistency_proof(*sizes, VECTOR.nodes)) == steps


@given(size=st.integers(min_value=0, max_value=1500), batch=st.integers(min_value=1, max_value=700))
def test_a_log_grown_in_any_batches_has_the_root_of_the_definition(size: int, batch: int) -> None:
    leaves = LARGE[:size]

    assert root(size, Log(leaves, batch).nodes) == plain_root(leaves)
    growth = Growth(0, lambda place: b"")
    growth.append(leaves)
    assert growth.root() == plain_root(leaves)


def test_three_rows_of_tiles_hold_more_than_65536_entries() -> None:
    log = Log(LARGE, 9000)

    assert max(row for row, _ in log.tiles) == 2
    assert root(len(LARGE), log.nodes) == plain_root(LARGE)
    proof = inclusion_proof(65_600, len(LARGE), log.nodes)
    assert is_included(LARGE[65_600], 65_600, size=len(LARGE), root=plain_root(LARGE), path=proof)


@given(data=st.data(), size=SIZES)
def test_an_inclusion_proof_holds_for_its_entry_and_place_alone(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    other = data.draw(st.integers(min_value=0, max_value=size - 1))
    log = Log(LARGE[:size])
    whole = root(size, log.nodes)

    path = inclusion_proof(index, size, log.nodes)

    assert is_included(LARGE[index], index, size=size, root=whole, path=path)
    assert is_included(LARGE[other], index, size=size, root=whole, path=path) is (other == index)
    assert is_included(LARGE[index], other, size=size, root=whole, path=path) is (other == index)
    assert not is_included(LARGE[index], index, size=size, root=whole, path=[*path, EMPTY])
    assert not path or not is_included(LARGE[index], index, size=size, root=whole, path=path[:-1])


@given(data=st.data(), size=SIZES)
def test_a_consistency_proof_holds_for_its_beginning_alone(data: st.DataObject, size: int) -> None:
    first = data.draw(st.integers(min_value=0, max_value=size))
    log = Log(LARGE[:size])
    old, new = (first, root(first, log.nodes)), (size, root(size, log.nodes))

    path = consistency_proof(first, size, log.nodes)

    assert is_consistent(old, new, path)
    assert not is_consistent((first, b"\7" * 32), new, path)
    assert not is_consistent(old, (size, b"\7" * 32), path) or first == 0
    assert not is_consistent(old, new, [*path, EMPTY])
