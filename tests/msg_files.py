"""Writes Outlook messages (.msg) for tests: a compound file (MS-CFB, version 3) with the properties of MS-OXMSG."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

SECTOR, MINI = 512, 64
CUTOFF = 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STRING, STRING8, BINARY, INTEGER, TIME, OBJECT = 0x001F, 0x001E, 0x0102, 0x0003, 0x0040, 0x000D
Storage = dict[str, "bytes | Storage"]


@dataclass
class Outlook:
    """A message; attachments are (name, content), where the content may be a message."""

    subject: str = "Offer"
    body: str = "Please see the attachment."
    sender: tuple[str, str] = ("Jan Kowalski", "jan@example.com")
    recipients: tuple[tuple[str, str], ...] = (("Anna Nowak", "anna@example.org"),)
    headers: str = ""
    message_id: str = "<one@example.com>"
    sent: datetime | None = None
    attachments: list[tuple[str, bytes | Outlook]] = field(default_factory=list)
    binaries: dict[int, bytes] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    page: int | None = None  # the code page of all strings, as old versions of Outlook wrote them; None is Unicode

    def content(self) -> bytes:
        return compound(self.storage(header=struct.pack("<8x4I8x", 1, 1, len(self.recipients), len(self.attachments))))

    def storage(self, *, header: bytes) -> Storage:
        texts = {
            0x001A: "IPM.Note",
            0x0037: self.subject,
            0x1000: self.body,
            0x0C1A: self.sender[0],
            0x0C1F: self.sender[1],
            0x1035: self.message_id,
            0x007D: self.headers,
        }
        entries, streams = _texts(texts, self.page)
        for pid, number in (self.numbers | ({0x3FFD: self.page} if self.page else {})).items():
            entries += struct.pack("<HHIII", INTEGER, pid, 6, number, 0)
        for pid, content in self.binaries.items():
            entries += struct.pack("<HHIII", BINARY, pid, 6, len(content), 0)
            streams[f"__substg1.0_{pid:04X}{BINARY:04X}"] = content
        if self.sent is not None:
            ticks = int(self.sent.timestamp() * 10**7) + 116444736000000000
            entries += struct.pack("<HHIQ", TIME, 0x0039, 6, ticks)
        inside: Storage = {"__properties_version1.0": header + entries, **streams}
        for number, (name, address) in enumerate(self.recipients):
            entries, streams = _texts({0x3001: name, 0x39FE: address}, self.page)
            inside[f"__recip_version1.0_#{number:08X}"] = {"__properties_version1.0": bytes(8) + entries, **streams}
        for number, (name, attached) in enumerate(self.attachments):
            inside[f"__attach_version1.0_#{number:08X}"] = _attachment(name, attached, self.page)
        return inside


def _attachment(name: str, attached: bytes | Outlook, page: int | None) -> Storage:
    entries, streams = _texts({0x3707: name}, page)
    if isinstance(attached, Outlook):
        entries += struct.pack("<HHIII", INTEGER, 0x3705, 6, 5, 0) + struct.pack("<HHIII", OBJECT, 0x3701, 6, 0, 4)
        header = struct.pack("<8x4I", 1, 1, len(attached.recipients), len(attached.attachments))
        streams["__substg1.0_3701000D"] = attached.storage(header=header)
    else:
        entries += struct.pack("<HHIII", INTEGER, 0x3705, 6, 1, 0)
        entries += struct.pack("<HHIII", BINARY, 0x3701, 6, len(attached), 0)
        streams["__substg1.0_37010102"] = attached
    return {"__properties_version1.0": bytes(8) + entries, **streams}


def _texts(texts: dict[int, str], page: int | None) -> tuple[bytes, Storage]:
    entries, streams = b"", {}
    kind, encoding = (STRING8, f"cp{page}") if page else (STRING, "utf-16-le")
    for pid, text in texts.items():
        if text:
            encoded = text.encode(encoding)
            entries += struct.pack("<HHIII", kind, pid, 6, len(encoded) + 2, 0)
            streams[f"__substg1.0_{pid:04X}{kind:04X}"] = encoded
    return entries, dict(streams)


@dataclass
class _Entry:
    name: str
    kind: int  # 1 storage, 2 stream, 5 root
    child: int = FREE
    sibling: int = FREE
    start: int = END
    size: int = 0


def compound(root: Storage) -> bytes:
    """The storage as a file."""
    entries, contents = [_Entry("Root Entry", 5)], {}
    _add(entries, contents, 0, root)
    small, mini_fat, large, sectors = b"", [], [], []
    for number, content in contents.items():
        entries[number].size = len(content)
        if len(content) >= CUTOFF:
            large.append(number)
        elif content:
            entries[number].start = len(small) // MINI
            count = -(-len(content) // MINI)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END]
            small += content.ljust(count * MINI, b"\0")
    chains: list[int] = []

    def put(content: bytes) -> int:
        if not content:
            return END
        start, count = len(sectors), -(-len(content) // SECTOR)
        padded = content.ljust(count * SECTOR, b"\0")
        sectors.extend(padded[each * SECTOR : (each + 1) * SECTOR] for each in range(count))
        chains.extend([*range(start + 1, start + count), END])
        return start

    for number in large:
        entries[number].start = put(contents[number])
    entries[0].start, entries[0].size = put(small), len(small)
    mini_start = put(
        b"".join(struct.pack("<I", each) for each in mini_fat).ljust(-(-len(mini_fat) // 128) * 512, b"\xff")
    )
    packed = b"".join(map(_packed, entries))
    directory = put(packed + _packed(_Entry("", 0)) * (-len(entries) % 4))
    fat_count = next(n for n in range(1, 110) if n * 128 >= len(sectors) + n)
    fat_at = len(sectors)
    fat = [*chains, *([FAT] * fat_count)]
    fat += [FREE] * (fat_count * 128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack(
        "<IIIIIIIII", 0, fat_count, directory, 0, CUTOFF, mini_start, -(-len(mini_fat) // 128), END, 0
    )
    header += struct.pack("<109I", *range(fat_at, fat_at + fat_count), *([FREE] * (109 - fat_count)))
    return header + b"".join(sectors) + struct.pack(f"<{len(fat)}I", *fat)


def _add(entries: list[_Entry], contents: dict[int, bytes], parent: int, storage: Storage) -> None:
    previous: int | None = None
    for name, value in sorted(storage.items(), key=lambda each: (len(each[0]), each[0].upper())):
        number = len(entries)
        entries.append(_Entry(name, 2 if isinstance(value, bytes) else 1))
        if previous is None:
            entries[parent].child = number
        else:
            entries[previous].sibling = number
        previous = number
        if isinstance(value, bytes):
            contents[number] = value
        else:
            _add(entries, contents, number, value)


def _packed(entry: _Entry) -> bytes:
    name = (entry.name + "\0").encode("utf-16-le") if entry.name else b""
    packed = name.ljust(64, b"\0") + struct.pack("<HBB", len(name), entry.kind, 1)
    packed += struct.pack("<III", FREE, entry.sibling, entry.child) + bytes(36)
    return packed + struct.pack("<IQ", entry.start, entry.size)


CONTACT = {
    0x3001: "Zofia Łącka",
    0x3A16: "Młyn Łódź",
    0x3A17: "prezes",
    0x3A08: "+48 22 123 45 67",
    0x3A1C: "+48 601 100 200",
    0x3A51: "https://mlyn.example",
}
OF_OUTLOOK = {0x8083: "zofia@mlyn.example", 0x8045: "Młyńska 1", 0x8046: "Łódź", 0x8048: "90-001", 0x8049: "Polska"}


def contact_file(*, kind: str = "IPM.Contact", page: int | None = None, **more: str) -> bytes:
    texts = {0x001A: kind} | CONTACT | {0x8000 + n: text for n, text in enumerate(OF_OUTLOOK.values())}
    texts |= {int(number, 16): text for number, text in more.items()}
    entries = b""
    ticks = int(datetime(1980, 5, 30, 22, tzinfo=UTC).timestamp() * 10**7) + 116444736000000000
    entries += struct.pack("<HHIQ", 0x0040, 0x3A42, 6, ticks)
    if page:
        entries += struct.pack("<HHIII", 0x0003, 0x3FFD, 6, page, 0)
    suffix, encoding = ("001E", f"cp{page}") if page else ("001F", "utf-16-le")
    streams = {f"__substg1.0_{number:04X}{suffix}": text.encode(encoding) for number, text in texts.items()}
    names = b"".join(struct.pack("<IHH", number, 6, n) for n, number in enumerate(OF_OUTLOOK))
    storage = {"__nameid_version1.0": {"__substg1.0_00030102": names}}
    return compound({"__properties_version1.0": bytes(32) + entries, **streams, **storage})
