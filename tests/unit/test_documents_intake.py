"""Uploads are streamed, counted and limited; what cannot be right is refused before it is stored."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IncompleteUpload, TooLarge
from documents.intake import Received, receive
from documents.types import HEAD
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.store import BlobRef, Readable


def take(source: Readable, *, announced: int | None = None, limit: int = 1 << 20) -> tuple[Received, list[BlobRef]]:
    told: list[BlobRef] = []
    return receive(source, announced=announced, limit=limit, store=MemoryBlobStore(), announce=told.append), told


class Endless:
    """Gives bytes for ever, and counts them."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int, /) -> bytes:
        self.given += size
        return bytes(size)


class Trickle:
    """Gives a few bytes at a time, as a slow network does."""

    def __init__(self, content: bytes) -> None:
        self._source = io.BytesIO(content)

    def read(self, size: int, /) -> bytes:
        return self._source.read(min(size, 7))


@given(st.binary(max_size=3 * HEAD))
def test_what_arrives_is_what_is_stored(content: bytes) -> None:
    received, told = take(Trickle(content), announced=len(content))

    assert (received.digest, received.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert received.head == content[:HEAD]
    assert told == [BlobRef(received.digest, received.size)]


@pytest.mark.parametrize("announced", [4, 1_000_000])
def test_fewer_bytes_than_announced_are_an_incomplete_upload(announced: int) -> None:
    with pytest.raises(IncompleteUpload, match="only 3 arrived") as refused:
        take(io.BytesIO(b"abc"), announced=announced)

    assert refused.value.details == {"announced": announced, "received": 3}


def test_more_bytes_than_announced_are_refused() -> None:
    with pytest.raises(IncompleteUpload, match="to have 2 bytes, but 3 arrived"):
        take(io.BytesIO(b"abc"), announced=2)


def test_an_announced_length_beyond_the_limit_is_refused_unread() -> None:
    source = Endless()

    with pytest.raises(TooLarge, match="larger than 1 MiB"):
        take(source, announced=2 << 30)

    assert source.given == 0


def test_an_endless_upload_is_cut_at_the_limit() -> None:
    source = Endless()

    with pytest.raises(TooLarge):
        take(source, limit=5 << 20)

    assert source.given <= 7 << 20


def test_exactly_the_limit_is_accepted() -> None:
    received, _ = take(io.BytesIO(b"abc"), limit=3)

    assert received.size == 3


def test_received_content_is_equal_to_its_name_and_keeps_its_bytes_to_itself() -> None:
    received, _ = take(io.BytesIO(b"secret"))

    assert "secret" not in repr(received)
