"""Archives, and files that are one inside: opened only when what they say of themselves is believable."""

import zipfile
from typing import Any

from lxml import etree

from documents.content.reading.found import Collected, File, Found, Unreadable

MOST_OF_A_PART = 128 << 20  # bytes
RATIO = 1000  # unpacked to packed; text reaches 100, a bomb more
SMALL = 1 << 20  # bytes that may be packed however well


def opened(file: File) -> zipfile.ZipFile:
    """The archive. Raises `Unreadable` for one that is damaged, or larger inside than may be."""
    try:
        archive = zipfile.ZipFile(file.source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise Unreadable("the archive is damaged") from error
    parts = archive.infolist()
    if len(parts) > file.limits.parts:
        raise Unreadable(f"it holds {len(parts)} files, more than the {file.limits.parts} that are looked at")
    total = sum(part.file_size for part in parts)
    if total > file.limits.unpacked:
        raise Unreadable(f"unpacked it would take {total >> 20} MB, more than the {file.limits.unpacked >> 20} allowed")
    for part in parts:
        if part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1):
            raise Unreadable("it is packed far more tightly than real files are, as a zip bomb is")
        if part.flag_bits & 1:
            raise Unreadable("it is protected by a password")
    return archive


def part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of an archive. Raises `Unreadable`."""
    try:
        with archive.open(name) as source:
            content = source.read(MOST_OF_A_PART + 1)
    except (KeyError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"its part {name} is missing or damaged") from error
    if len(content) > MOST_OF_A_PART:
        raise Unreadable(f"its part {name} is larger than {MOST_OF_A_PART >> 20} MB")
    return content


def xml(content: bytes) -> Any:
    """The root of a part. No entity is replaced and nothing is fetched. Raises `Unreadable`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("the XML inside is damaged") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the XML inside declares entities, which no such document needs")
    return root


def read(file: File) -> Found:
    """The names of what an archive holds; nothing in it is unpacked."""
    archive = opened(file)
    names = Collected(file.limits.characters)
    for each in archive.infolist():
        names.add(each.filename)
    return Found(text=names.text(), is_partial=names.is_full, library="zipfile")
