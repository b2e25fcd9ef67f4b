"""Files in pieces on disk: what is acknowledged stays, in order, and nothing else does."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import IncompleteUpload
from core.ids import new_id
from storage.blobs.parts import Checksum, ChecksumMismatch, PartBusy, PartFolder, PartMissing, WrongOffset


class Breaks:
    """A source that gives some bytes and then breaks off."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def read(self, size: int, /) -> bytes:
        if not self._left:
            raise IncompleteUpload("the connection broke off")
        piece, self._left = self._left[:size], self._left[size:]
        return piece


@pytest.fixture
def parts(tmp_path: Path) -> PartFolder:
    return PartFolder(tmp_path / "staging")


@pytest.fixture
def name(parts: PartFolder) -> str:
    name = new_id()
    parts.create(name)
    return name


def content(parts: PartFolder, name: str) -> bytes:
    with parts.open(name) as file:
        return file.read()


def test_pieces_follow_one_another(parts: PartFolder, name: str) -> None:
    assert parts.append(name, 0, io.BytesIO(b"abc"), room=6) == 3
    assert parts.append(name, 3, io.BytesIO(b"def"), room=3) == 6

    assert content(parts, name) == b"abcdef"


def test_a_piece_that_does_not_begin_at_the_end_is_refused_with_the_right_offset(parts: PartFolder, name: str) -> None:
    parts.append(name, 0, io.BytesIO(b"abc"), room=6)

    with pytest.raises(WrongOffset) as refused:
        parts.append(name, 0, io.BytesIO(b"abc"), room=6)

    assert refused.value.details["offset"] == 3
    assert content(parts, name) == b"abc"


def test_of_a_piece_that_breaks_off_what_came_stays(parts: PartFolder, name: str) -> None:
    with pytest.raises(IncompleteUpload):
        parts.append(name, 0, Breaks(b"abc"), room=6)

    assert parts.offset(name) == 3


def test_of_a_checked_piece_that_breaks_off_nothing_stays(parts: PartFolder, name: str) -> None:
    with pytest.raises(IncompleteUpload):
        parts.append(name, 0, Breaks(b"abc"), room=6, checksum=Checksum("sha256", b"?"))

    assert parts.offset(name) == 0


def test_a_piece_with_the_wrong_checksum_is_thrown_away(parts: PartFolder, name: str) -> None:
    right = Checksum("sha1", hashlib.sha1(b"abc").digest())

    with pytest.raises(ChecksumMismatch):
        parts.append(name, 0, io.BytesIO(b"abX"), room=6, checksum=right)

    assert parts.append(name, 0, io.BytesIO(b"abc"), room=6, checksum=right) == 3
    assert content(parts, name) == b"abc"


def test_a_piece_never_makes_the_file_longer_than_announced(parts: PartFolder, name: str) -> None:
    assert parts.append(name, 0, io.BytesIO(b"abcdef"), room=4) == 4


def test_two_requests_do_not_write_to_one_file(parts: PartFolder, name: str) -> None:
    with parts.open(name), pytest.raises(PartBusy):
        parts.append(name, 0, io.BytesIO(b"abc"), room=6)


@pytest.mark.parametrize("hostile", ["../secret.key", "", "a/b", "..", "0" * 25, "x" * 26])
def test_nothing_but_our_own_names_becomes_a_path(parts: PartFolder, tmp_path: Path, hostile: str) -> None:
    (tmp_path / "secret.key").write_text("x")

    with pytest.raises(PartMissing):
        parts.offset(hostile)
    with pytest.raises(PartMissing):
        parts.create(hostile)
    assert (tmp_path / "secret.key").exists()


def test_a_link_in_the_place_of_a_file_is_not_followed(parts: PartFolder, tmp_path: Path) -> None:
    name = new_id()
    parts.create(new_id())
    (tmp_path / "target").write_text("")
    (tmp_path / "staging" / name).symlink_to(tmp_path / "target")

    with pytest.raises(OSError, match="symbolic"):
        parts.append(name, 0, io.BytesIO(b"abc"), room=6)


def test_only_what_nobody_wrote_to_is_left_over(parts: PartFolder, name: str, tmp_path: Path) -> None:
    fresh = new_id()
    parts.create(fresh)
    os.utime(tmp_path / "staging" / name, (0, 0))
    (tmp_path / "staging" / "notes.txt").write_text("not ours")

    assert list(parts.leftovers(datetime(2000, 1, 1, tzinfo=UTC))) == [name]
