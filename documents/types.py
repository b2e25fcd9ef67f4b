"""What content is, told by its first bytes and never by its name alone, and which of it a browser may show."""

import codecs
import re

import puremagic

HEAD = 16 << 10  # bytes that are enough to tell
UNKNOWN = "application/octet-stream"
EMPTY = "application/x-empty"

# a browser may show these in the page: none of them runs scripts when served under its own type with `nosniff`
INLINE = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})

_STARTS = (  # what may be shown is recognised by these alone
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"{\\rtf", "application/rtf"),
)
_OFFICE = (  # names inside the archive
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_BY_NAME = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}
_TEXT_BY_NAME = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".eml": "message/rfc822",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
}
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|script|iframe|svg|\?xml|!--)", re.IGNORECASE)
_MAIL = re.compile(rb"\s{0,20}(?:>?From [^\r\n]{0,500}\r?\n)?[!-9;-~]{1,100}[ \t]{0,5}:")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_MIMETYPE = re.compile(rb"mimetype(application/(?:vnd\.oasis\.opendocument\.[a-z-]+|epub\+zip))")


def sniff(head: bytes, file_name: str = "") -> str:
    """The media type of content that begins with `head`.

    The name only chooses among types that look alike inside: kinds of text, kinds of old Office files. Whatever is
    in `INLINE` is recognised by its content alone.
    """
    if not head:
        return EMPTY
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    extension = "." + file_name.rpartition(".")[2].lower()
    if head.startswith(b"PK\x03\x04"):
        return _in_archive(head, extension)
    if head.startswith(_OLE):
        return _OLE_BY_NAME.get(extension, "application/x-ole-storage")
    if extension == ".eml" and _MAIL.match(head):  # whatever bytes follow: mail is older than any code page
        return "message/rfc822"
    if _is_text(head, extension):
        return _kind_of_text(head, extension)
    return _by_library(head)


def disposition(media_type: str) -> str:
    """How content of a type is served: `inline` where a browser may show it, else `attachment`."""
    return "inline" if media_type in INLINE else "attachment"


def _in_archive(head: bytes, extension: str) -> str:
    opendocument = _MIMETYPE.search(head[:200])
    if opendocument:
        return opendocument[1].decode()
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        for folder, media_type, usual in _OFFICE:
            if folder in head or extension == usual:
                return media_type
    return "application/zip"


def _is_text(head: bytes, extension: str) -> bool:
    """Whether this is UTF-8, UTF-16 with its mark, or a named kind of text in an older code page."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes(head, "utf-16")
    if _CONTROLS.search(head):
        return False
    return _decodes(head, "utf-8") or extension == ".txt" or extension in _TEXT_BY_NAME


def _decodes(head: bytes, encoding: str) -> bool:
    try:  # the last character may have been cut in two
        codecs.getincrementaldecoder(encoding)().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return False
    return True


def _kind_of_text(head: bytes, extension: str) -> str:
    markup = _MARKUP.match(head.lstrip(b"\xef\xbb\xbf \t\r\n"))
    if markup and markup[0].lower() == b"<svg":
        return "image/svg+xml"
    if markup and markup[0].lower() == b"<?xml":
        return "image/svg+xml" if b"<svg" in head else "application/xml"
    if markup:
        return "text/html"
    return _TEXT_BY_NAME.get(extension, "text/plain")


def _by_library(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    for match in found:
        media_type = str(match.mime_type).lower()
        if _TYPE.fullmatch(media_type) and media_type not in INLINE:
            return media_type
    return UNKNOWN
