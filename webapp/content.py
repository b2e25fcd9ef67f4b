"""Sends the bytes of a document version: whole, in ranges, or not at all when the browser has them."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import parse_range_header

from core.records import dataclass
from documents.names import safe_file_name
from storage.blobs.store import BlobStore
from webapp.errors import RangeNotSatisfiable

PIECE = 256 << 10  # bytes in memory at a time
MOST_RANGES = 16  # more of them are answered with the whole document
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'"
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"})


class Version(Protocol):
    """What is needed to know of a document version."""

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def media_type(self) -> str:
        """The sniffed type."""

    @property
    def file_name(self) -> str:
        """As the user named it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    def header(self, size: int) -> str:
        """As Content-Range wants it."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def is_fresh(digest: str) -> bool:
    """Whether the browser has these bytes already (If-None-Match)."""
    return request.if_none_match.contains_weak(digest)


def not_modified(version: Version) -> Response:
    """The answer when it has."""
    return _described(Response(status=304), version, inline=False)


def send_version(version: Version, store: BlobStore, *, inline: bool = False) -> Response:
    """The answer to GET: 200, 206 or 416 (RFC 9110, section 14); to HEAD: 200. Raises `BlobMissing`."""
    store.size(version.digest)  # a missing blob must be known before the first header
    return _described(_content(version, store), version, inline=inline)


def _described(response: Response, version: Version, *, inline: bool) -> Response:
    response.set_etag(version.digest)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, no-cache"  # kept by the browser, asked for again each time
    response.headers["Content-Security-Policy"] = SANDBOX
    shown = inline and version.media_type in SHOWN
    response.headers["Content-Disposition"] = disposition(version.file_name, inline=shown)
    return response


def _content(version: Version, store: BlobStore) -> Response:
    spans = _asked(version)
    if spans is None:
        whole = Span(0, version.size)
        response = Response(_bytes(store, version.digest, whole, version.size), mimetype=version.media_type)
        response.content_length = version.size
        return response
    if len(spans) == 1:
        response = Response(_bytes(store, version.digest, spans[0], version.size), 206, mimetype=version.media_type)
        response.headers["Content-Range"] = spans[0].header(version.size)
        response.content_length = spans[0].stop - spans[0].start
        return response
    return _several(version, store, spans)


def _several(version: Version, store: BlobStore, spans: list[Span]) -> Response:
    boundary = secrets.token_hex(16)
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {version.media_type}\r\n"
        f"Content-Range: {span.header(version.size)}\r\n\r\n".encode()
        for span in spans
    ]
    end = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        for head, span in zip(heads, spans, strict=True):
            yield head
            yield from _bytes(store, version.digest, span, version.size)
        yield end

    response = Response(body(), 206, content_type=f"multipart/byteranges; boundary={boundary}")
    response.content_length = sum(map(len, heads)) + len(end) + sum(span.stop - span.start for span in spans)
    return response


def _bytes(store: BlobStore, digest: str, span: Span, size: int) -> Iterator[bytes]:
    length = None if span == Span(0, size) else span.stop - span.start  # only a whole read verifies the digest
    with store.open(digest, offset=span.start, length=length) as source:
        while piece := source.read(PIECE):
            yield piece


def _asked(version: Version) -> list[Span] | None:
    """The ranges that the request asks for, merged; None for the whole."""
    asked = parse_range_header(request.headers.get("Range")) if request.method == "GET" else None
    if asked is None or asked.units != "bytes":
        return None
    if "If-Range" in request.headers and request.headers["If-Range"].strip() != f'"{version.digest}"':  # never weak
        return None
    if len(asked.ranges) > MOST_RANGES:
        return None
    spans = [span for start, stop in asked.ranges if (span := _span(start, stop, version.size)) is not None]
    if not spans:
        raise RangeNotSatisfiable(
            f"The document has {version.size} bytes; the asked-for range begins behind its end.", size=version.size
        )
    return _merged(spans)


def _span(start: int, stop: int | None, size: int) -> Span | None:
    if start < 0:  # the last so many bytes
        start, stop = max(0, size + start), size
    stop = size if stop is None else min(stop, size)
    return Span(start, stop) if start < stop else None


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        if merged and span.start <= merged[-1].stop:
            merged[-1] = Span(merged[-1].start, max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return merged


def disposition(file_name: str, *, inline: bool) -> str:
    """The header Content-Disposition (RFC 6266) with a name that cannot mislead."""
    name = safe_file_name(file_name)
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    ascii_name = "".join(character for character in plain if " " <= character < "\x7f" and character not in '"\\%;')
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{ascii_name.strip() or 'document'}\"; filename*=UTF-8''{quote(name, safe='')}"
