"""What is special about blobs on disk and in S3: where they lie, what they cost, and what is said when they cannot."""

import gc
import io
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from minio import Minio

from core.errors import Unavailable
from core.settings import Settings, SettingsError
from storage.blobs.local import LocalBlobStore
from storage.blobs.s3 import Bucket, S3BlobStore
from storage.blobs.store import BlobStore
from tests.seaweed import ACCESS_KEY, READ_ONLY_KEY, READ_ONLY_SECRET, SECRET_KEY, Seaweed

LARGE = 320 << 20  # bytes
GROWTH = 64 << 20  # bytes that a transfer of any size may take


class Zeros:
    """Much content that takes no room."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int, /) -> bytes:
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


def growth(action: Callable[[], object]) -> int:
    """How much the process has grown in the end, and while it ran, by the kernel's own account."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = psutil.Process().memory_info().rss
    action()
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
    return peak - before


@pytest.fixture
def bucket(seaweed: Seaweed) -> Bucket:
    made = seaweed.bucket("specials")
    client = Minio(made.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)
    if not client.bucket_exists(made.name):
        client.make_bucket(made.name)
    return made


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "local":
        return LocalBlobStore(tmp_path)
    return S3BlobStore(request.getfixturevalue("bucket"), spool=tmp_path)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a process")
def test_large_content_takes_little_memory(store: BlobStore) -> None:
    store.put(io.BytesIO(b"warm up" * 1_000_000))

    def put_and_read() -> None:
        blob = store.put(Zeros(LARGE))
        with store.open(blob.digest) as file:
            while file.read(1 << 20):
                pass
        store.delete(blob.digest)

    assert growth(put_and_read) < GROWTH


def test_files_fan_out_over_folders_and_are_read_only(tmp_path: Path) -> None:
    digest = LocalBlobStore(tmp_path).put(io.BytesIO(b"x")).digest

    path = tmp_path / digest[:2] / digest[2:4] / digest
    assert path.read_bytes() == b"x"
    assert stat.S_IMODE(path.stat().st_mode) & 0o227 == 0  # nobody writes, strangers do not read


def test_what_is_not_ours_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    store = LocalBlobStore(tmp_path)
    blob = store.put(io.BytesIO(b"x"))
    stranger = tmp_path / "aa" / "bb" / "README"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("not a blob")
    (tmp_path / "aa" / "bb" / blob.digest).write_text("a blob in the wrong place")

    assert [ref for ref, _ in store.listing()] == [blob]


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalBlobStore(tmp_path / "file" / "blobs")

    with pytest.raises(Unavailable, match="OBIEG_DATA"):
        store.check()
    with pytest.raises(Unavailable, match="OBIEG_DATA"):
        store.put(io.BytesIO(b"x"))


@pytest.mark.s3
@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"endpoint": "127.0.0.1:9"}, "OBIEG_S3_ENDPOINT"),
        ({"secure": True}, "OBIEG_S3_SECURE"),
        ({"name": "no-such-bucket"}, "OBIEG_S3_BUCKET"),
        ({"access_key": "stranger"}, "OBIEG_S3_ACCESS_KEY"),
        ({"secret_key": "guess"}, "OBIEG_S3_SECRET_KEY"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("action", ["check", "put", "open"])
def test_a_wrong_setting_of_s3_is_named_whatever_is_asked(
    bucket: Bucket, tmp_path: Path, change: dict[str, Any], setting: str, action: str
) -> None:
    store = S3BlobStore(replace(bucket, **change), spool=tmp_path)
    actions: dict[str, Callable[[], object]] = {
        "check": store.check,
        "put": lambda: store.put(io.BytesIO(b"x")),
        "open": lambda: next(store.listing()),
    }

    with pytest.raises(Unavailable, match=setting):
        actions[action]()


@pytest.mark.s3
def test_a_bucket_is_never_made_silently(bucket: Bucket, tmp_path: Path) -> None:
    store = S3BlobStore(replace(bucket, name="not-there"), spool=tmp_path)

    with pytest.raises(Unavailable, match="Create it"):
        store.put(io.BytesIO(b"x"))

    client = Minio(bucket.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)
    assert not client.bucket_exists("not-there")


@pytest.mark.s3
def test_a_key_that_may_only_read_is_told_so_when_it_writes(bucket: Bucket, tmp_path: Path) -> None:
    blob = S3BlobStore(bucket, spool=tmp_path).put(io.BytesIO(b"x"))
    reader = S3BlobStore(replace(bucket, access_key=READ_ONLY_KEY, secret_key=READ_ONLY_SECRET), spool=tmp_path)

    assert reader.open(blob.digest).__enter__().read() == b"x"
    with pytest.raises(Unavailable, match="what that key may do"):
        reader.put(io.BytesIO(b"y"))


@pytest.mark.parametrize("endpoint", ["http://s3.example", "s3.example/path", ""])
def test_an_endpoint_that_is_none_is_refused_at_the_start(tmp_path: Path, endpoint: str) -> None:
    settings = Settings(s3_endpoint=endpoint)

    with pytest.raises(SettingsError, match="OBIEG_S3_ENDPOINT"):
        S3BlobStore(Bucket.of(settings), spool=tmp_path)


@pytest.mark.parametrize("name", ["Has_Capitals", "a", "-dash", ""])
def test_a_name_that_no_bucket_can_have_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    settings = Settings(s3_endpoint="s3.example", s3_bucket=name)

    with pytest.raises(SettingsError, match="OBIEG_S3_BUCKET"):
        S3BlobStore(Bucket.of(settings), spool=tmp_path)


@pytest.mark.s3
def test_no_secret_is_shown(bucket: Bucket) -> None:
    assert SECRET_KEY not in repr(bucket)
