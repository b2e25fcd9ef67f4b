"""What every blob store does; the same sentences hold for memory, local disk and S3."""

import hashlib
import io
import itertools
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from minio import Minio

from core.errors import StorageFull
from storage.blobs.local import LocalBlobStore
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.s3 import S3BlobStore
from storage.blobs.store import BlobDamaged, BlobMissing, BlobRef, BlobStore, location
from tests.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed

_buckets = itertools.count(1)
LONG_AGO, FAR_AWAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Harness:
    """A store, and ways to look and to reach behind it."""

    def __init__(self, store: BlobStore, folder: Path, client: Minio | None = None, bucket: str = "") -> None:
        self.store, self.folder, self.client, self.bucket = store, folder, client, bucket

    def damage(self, digest: str, content: bytes) -> None:
        if isinstance(self.store, MemoryBlobStore):
            self.store.damage(digest, content)
        elif self.client is not None:
            self.client.put_object(self.bucket, location(digest), io.BytesIO(content), len(content))
        else:
            path = self.folder / location(digest)
            path.chmod(0o640)
            path.write_bytes(content)

    def leftovers(self) -> list[Any]:
        """Whatever lies in folder or bucket besides blobs."""
        if self.client is not None:
            return list(self.client._list_multipart_uploads(self.bucket).uploads) + list(self.folder.iterdir())
        unfinished = self.folder / "unfinished"
        return list(unfinished.iterdir()) if unfinished.exists() else []


@pytest.fixture(params=["memory", "local", pytest.param("s3", marks=pytest.mark.s3)])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Harness:
    if request.param == "memory":
        return Harness(MemoryBlobStore(), tmp_path)
    if request.param == "local":
        return Harness(LocalBlobStore(tmp_path), tmp_path)
    seaweed: Seaweed = request.getfixturevalue("seaweed")
    name = f"contract-{next(_buckets)}"
    client = Minio(seaweed.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)
    client.make_bucket(name)
    return Harness(S3BlobStore(seaweed.bucket(name), spool=tmp_path), tmp_path, client, name)


@pytest.fixture
def store(harness: Harness) -> BlobStore:
    return harness.store


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Stream:
    """Content that is made while it is read; `fail_at` breaks it after so many bytes."""

    def __init__(self, size: int, *, fail_at: int | None = None) -> None:
        self.left, self.fail_at, self.given = size, fail_at, 0
        self.largest = 0

    def read(self, size: int, /) -> bytes:
        self.largest = max(self.largest, size)
        if self.fail_at is not None and self.given >= self.fail_at:
            raise ConnectionResetError("the browser went away")
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        self.given += len(piece)
        return piece


def read(store: BlobStore, digest: str, **window: int) -> bytes:
    with store.open(digest, **window) as file:
        return file.read()


@pytest.mark.parametrize("content", [b"", b"x", b"abc" * 1_000_000], ids=["empty", "one byte", "3 MB"])
def test_what_was_put_comes_back(store: BlobStore, content: bytes) -> None:
    blob = store.put(io.BytesIO(content))

    assert blob == BlobRef(sha256(content), len(content))
    assert read(store, blob.digest) == content
    assert store.size(blob.digest) == len(content)


def test_large_content_goes_in_parts_and_is_never_whole_in_memory(store: BlobStore) -> None:
    source = Stream(40 << 20)

    blob = store.put(source)

    assert blob.size == 40 << 20
    assert source.largest <= 1 << 20
    total = 0
    with store.open(blob.digest) as file:
        while piece := file.read(1 << 20):
            assert len(piece) <= 1 << 20
            total += len(piece)
    assert total == blob.size


def test_a_source_may_give_less_than_it_was_asked_for(store: BlobStore) -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    blob = store.put(Dripping(b"drop by drop"))

    assert read(store, blob.digest) == b"drop by drop"


def test_same_bytes_are_one_blob(store: BlobStore) -> None:
    first = store.put(io.BytesIO(b"same"))
    second = store.put(io.BytesIO(b"same"))

    assert first == second
    assert [blob for blob, _ in store.listing()] == [first]


def test_same_bytes_at_the_same_time_are_one_blob(store: BlobStore) -> None:
    start = threading.Barrier(8)

    def put(_: int) -> BlobRef:
        start.wait()
        return store.put(io.BytesIO(b"same" * 50_000))

    with ThreadPoolExecutor(8) as pool:
        refs = set(pool.map(put, range(8)))

    assert len(refs) == 1
    assert read(store, refs.pop().digest) == b"same" * 50_000


def test_announces_once_before_the_blob_is_there(store: BlobStore) -> None:
    seen: list[tuple[BlobRef, int]] = []

    blob = store.put(io.BytesIO(b"news"), announce=lambda ref: seen.append((ref, len(list(store.listing())))))

    assert seen == [(blob, 0)]


def test_a_refused_announcement_leaves_nothing(harness: Harness) -> None:
    def refuse(_: BlobRef) -> None:
        raise PermissionError("not today")

    with pytest.raises(PermissionError, match="not today"):
        harness.store.put(io.BytesIO(b"unwanted"), announce=refuse)

    assert list(harness.store.listing()) == []
    assert harness.leftovers() == []


def test_a_source_that_breaks_leaves_nothing(harness: Harness) -> None:
    with pytest.raises(ConnectionResetError, match="went away"):
        harness.store.put(Stream(30 << 20, fail_at=20 << 20))

    assert list(harness.store.listing()) == []
    assert harness.leftovers() == []


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (4, None, b"456789"),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (9, 1, b"9"),
        (8, 100, b"89"),
        (0, 10, b"0123456789"),
        (10, None, b""),
        (11, 5, b""),
        (2, 0, b""),
        (0, 0, b""),
    ],
)
def test_reads_a_window(store: BlobStore, offset: int, length: int | None, expected: bytes) -> None:
    blob = store.put(io.BytesIO(b"0123456789"))

    with store.open(blob.digest, offset=offset, length=length) as file:
        assert file.read() == expected


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_a_negative_window_is_a_programming_error(store: BlobStore, offset: int, length: int | None) -> None:
    blob = store.put(io.BytesIO(b"0123456789"))

    with pytest.raises(ValueError, match="offset and length"):
        store.open(blob.digest, offset=offset, length=length)


def test_reads_as_a_file_does(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"one\ntwo\n"))

    with store.open(blob.digest) as file:
        assert file.readable()
        assert list(io.BufferedReader(file)) == [b"one\n", b"two\n"]  # type: ignore[arg-type, type-var]

    assert file.closed


@pytest.mark.parametrize(
    "changed",
    [b"0123456780", b"012345", b"0123456789+", b""],
    ids=["a byte differs", "shorter", "longer", "empty"],
)
def test_damage_is_never_silent(harness: Harness, changed: bytes) -> None:
    blob = harness.store.put(io.BytesIO(b"0123456789"))
    harness.damage(blob.digest, changed)

    with pytest.raises(BlobDamaged, match="backup"), harness.store.open(blob.digest) as file:  # noqa: PT012
        received = b""
        while piece := file.read(4):
            received += piece
    with pytest.raises(BlobDamaged):
        read(harness.store, blob.digest)


def test_the_last_bytes_of_damaged_content_are_not_handed_out(harness: Harness) -> None:
    blob = harness.store.put(io.BytesIO(b"0123456789"))
    harness.damage(blob.digest, b"012345678X")

    with harness.store.open(blob.digest) as file:
        assert file.read(8) == b"01234567"
        with pytest.raises(BlobDamaged):
            file.read(2)  # whoever counts to the announced size must not believe that all is well


def test_putting_the_same_bytes_again_heals_damage(harness: Harness) -> None:
    blob = harness.store.put(io.BytesIO(b"0123456789"))
    harness.damage(blob.digest, b"012345678X")

    harness.store.put(io.BytesIO(b"0123456789"))

    assert read(harness.store, blob.digest) == b"0123456789"


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_was_never_stored_is_missing(store: BlobStore, digest: str) -> None:
    with pytest.raises(BlobMissing):
        store.open(digest)
    with pytest.raises(BlobMissing):
        store.size(digest)


def test_deleted_is_gone_and_deleting_twice_is_fine(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"short life"))
    kept = store.put(io.BytesIO(b"long life"))

    store.delete(blob.digest)
    store.delete(blob.digest)

    with pytest.raises(BlobMissing):
        store.open(blob.digest)
    assert [ref for ref, _ in store.listing()] == [kept]


def test_lists_every_blob_with_the_time_it_was_stored(store: BlobStore) -> None:
    blobs = {store.put(io.BytesIO(bytes([number]))) for number in range(5)}

    listed = dict(store.listing())

    assert set(listed) == blobs
    now = datetime.now(UTC)
    assert all(abs(now - at) < timedelta(minutes=1) for at in listed.values())


def test_discards_only_unfinished_uploads_that_are_old(harness: Harness) -> None:
    blob = harness.store.put(io.BytesIO(b"finished"))
    if harness.client is not None:
        harness.client._create_multipart_upload(harness.bucket, location(sha256(b"never")), {})
    elif isinstance(harness.store, LocalBlobStore):
        (harness.folder / "unfinished" / "killed").write_bytes(b"half of a")
    left = len(harness.leftovers())

    assert harness.store.discard_unfinished(LONG_AGO) == 0
    assert harness.store.discard_unfinished(FAR_AWAY) == left

    assert harness.leftovers() == []
    assert [ref for ref, _ in harness.store.listing()] == [blob]


def test_a_store_that_can_be_used_says_nothing(store: BlobStore) -> None:
    store.check()


@pytest.fixture
def small_files() -> Iterator[None]:
    """The kernel refuses files above 6 MiB: what a full disk looks like to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("harness", ["local", pytest.param("s3", marks=pytest.mark.s3)], indirect=True)
@pytest.mark.usefixtures("small_files")
def test_a_full_disk_refuses_and_leaves_nothing(harness: Harness) -> None:
    with pytest.raises(StorageFull, match="no room"):
        harness.store.put(Stream(20 << 20))

    assert list(harness.store.listing()) == []
    assert harness.leftovers() == []
    assert read(harness.store, harness.store.put(io.BytesIO(b"small")).digest) == b"small"


def test_open_files_stay_as_many_as_they_were(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"x" * 5_000_000))
    read(store, blob.digest)
    before = psutil.Process().num_fds()

    for _ in range(20):
        with store.open(blob.digest) as file:
            file.read(10)  # and no further

    assert psutil.Process().num_fds() <= before + 1
