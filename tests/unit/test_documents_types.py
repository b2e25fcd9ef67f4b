"""Content is told by its bytes; only a short list is ever shown in the page."""

import io
import zipfile

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.types import EMPTY, HEAD, INLINE, UNKNOWN, disposition, sniff

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def archive(*names: str, first: tuple[str, str] | None = None) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as target:
        if first is not None:
            target.writestr(zipfile.ZipInfo(first[0]), first[1])
        for name in names:
            target.writestr(name, "x" * 50)
    return stored.getvalue()


def word_document() -> bytes:
    stored = io.BytesIO()
    docx.Document().save(stored)
    return stored.getvalue()[:HEAD]


@pytest.mark.parametrize(
    ("head", "name", "media_type"),
    [
        (b"%PDF-1.7\n", "a.exe", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "a.txt", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"GIF89a..", "", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "", "audio/wave"),
        ("Zażółć".encode(), "a.txt", "text/plain"),
        ("Zażółć".encode("cp1250"), "a.txt", "text/plain"),
        ("Zażółć".encode("cp1250"), "a.bin", UNKNOWN),
        ("Zażółć".encode("utf-16"), "", "text/plain"),
        (b"a;b\n1;2\n", "a.csv", "text/csv"),
        (b"{}", "a.json", "application/json"),
        (b"From: a@b.pl\n\nhello", "a.eml", "message/rfc822"),
        (b"  <!DOCTYPE html><p>", "a.txt", "text/html"),
        (b"<script>alert(1)</script>", "a.pdf", "text/html"),
        (b"\xef\xbb\xbf<svg xmlns=''>", "a.png", "image/svg+xml"),
        (b"<?xml version='1.0'?><svg>", "a.png", "image/svg+xml"),
        (b"<?xml version='1.0'?><Faktura>", "a.xml", "application/xml"),
        (b"{\\rtf1 hello}", "a.doc", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "a.msg", "application/vnd.ms-outlook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "a.pdf", "application/x-ole-storage"),
        (b"MZ\x90\x00" + bytes(200), "a.pdf", "application/vnd.microsoft.portable-executable"),
        (bytes(500), "a.pdf", UNKNOWN),
        (b"", "a.pdf", EMPTY),
    ],
)
def test_content_is_told_by_its_first_bytes(head: bytes, name: str, media_type: str) -> None:
    assert sniff(head, name) == media_type


@pytest.mark.parametrize(
    ("head", "name", "media_type"),
    [
        (word_document(), "anything", WORD),
        (archive("[Content_Types].xml", "word/document.xml"), "a.zip", WORD),
        (archive("notes.txt"), "a.docx", "application/zip"),
        (
            archive("content.xml", first=("mimetype", "application/vnd.oasis.opendocument.text")),
            "a.zip",
            "application/vnd.oasis.opendocument.text",
        ),
    ],
)
def test_archives_are_told_by_what_is_inside(head: bytes, name: str, media_type: str) -> None:
    assert sniff(head, name) == media_type


def test_a_character_cut_in_two_is_still_text() -> None:
    assert sniff(("a" * (HEAD - 1) + "ż").encode()[:HEAD]) == "text/plain"


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xml", WORD, UNKNOWN, "text/csv"])
def test_whatever_could_run_scripts_is_downloaded(media_type: str) -> None:
    assert disposition(media_type) == "attachment"


@pytest.mark.parametrize("media_type", sorted(INLINE))
def test_what_a_browser_renders_safely_is_shown(media_type: str) -> None:
    assert disposition(media_type) == "inline"


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_content_has_a_type(head: bytes, name: str) -> None:
    kind, _, sub = sniff(head, name).partition("/")

    assert kind
    assert sub


@given(st.text(max_size=20))
def test_no_name_makes_markup_harmless(name: str) -> None:
    assert disposition(sniff(b"<html><script>", name)) == "attachment"
