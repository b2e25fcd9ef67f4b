"""The Merkle log as tiles: rows of up to 256 hashes, each row's tiles over eight levels of the tree."""

from collections.abc import Callable, Iterator, Sequence

from audit.merkle import EMPTY, Nodes, fold
from audit.verifier import HASH, node_hash

HEIGHT = 8  # levels of the tree that a tile spans
WIDTH = 1 << HEIGHT  # hashes of a full tile
KEPT = 4096  # tiles in memory at a time; about 32 MB

Place = tuple[int, int]  # the row, from the leaves upwards, and the tile in it
Load = Callable[[Place], bytes]  # the hashes of a tile one after the other; none when there is no such tile


class TileMissing(LookupError):
    """A tile is not there, or does not hold the hashes that the log's size says."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"tile {place[1]} of row {place[0]}")
        self.place = place


class Tiles:
    """The hashes of complete subtrees, out of tiles that are loaded as they are needed."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._known: dict[Place, bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree. Raises `TileMissing`."""
        row, inner = divmod(level, HEIGHT)
        first = index << inner
        place = row, first // WIDTH
        hashes = self._tile(place)
        start = first % WIDTH
        found = hashes[start * HASH : (start + (1 << inner)) * HASH]
        if len(found) < (1 << inner) * HASH:
            raise TileMissing(place)
        return fold(found)

    def _tile(self, place: Place) -> bytes:
        if place not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[place] = self._load(place)
        return self._known[place]


class Growth:
    """Appends leaves to a log of some size; `changed` are the tiles to store, each complete up to its last hash.

    `root` is for a log that grew here from its first entry.
    """

    def __init__(self, size: int, load: Load) -> None:
        self.size = size
        self.changed: dict[Place, bytearray] = {}
        self._open: dict[int, bytearray] = {}
        self._counts: dict[int, int] = {}
        self._load = load

    def append(self, leaves: Sequence[bytes]) -> None:
        """Add the hashes of more leaves."""
        done = 0
        while done < len(leaves):
            some = leaves[done : done + WIDTH - self.size % WIDTH]
            self._add(0, b"".join(some))
            self.size += len(some)
            done += len(some)

    def root(self) -> bytes:
        """The root of all entries."""
        found: bytes | None = None
        for row in sorted(self._open):
            tile, start = self._open[row], len(self._open[row]) // HASH
            while start:
                width = start & -start
                start -= width
                node = fold(tile[start * HASH : (start + width) * HASH])
                found = node if found is None else node_hash(node, found)
        return EMPTY if found is None else found

    def nodes(self) -> Nodes:
        """The hashes of the subtrees, those that were just added included."""
        return Tiles(lambda place: bytes(self.changed.get(place) or self._load(place)))

    def _add(self, row: int, hashes: bytes) -> None:
        """Hashes that fit into the open tile of a row."""
        if row not in self._open:
            self._counts[row] = self.size >> HEIGHT * row
            place = row, self._counts[row] // WIDTH
            kept = self._load(place) if self._counts[row] % WIDTH else b""
            if len(kept) != self._counts[row] % WIDTH * HASH:
                raise TileMissing(place)
            self._open[row] = bytearray(kept)
        tile = self._open[row]
        place = row, self._counts[row] // WIDTH
        tile += hashes
        self._counts[row] += len(hashes) // HASH
        self.changed[place] = tile
        if len(tile) == WIDTH * HASH:
            self._open[row] = bytearray()
            self._add(row + 1, fold(tile))


def pieces(hashes: bytes | bytearray) -> Iterator[bytes]:
    """The hashes that follow one another in a tile."""
    for start in range(0, len(hashes), HASH):
        yield bytes(hashes[start : start + HASH])
