"""Verifies an evidence pack offline: a single file that needs Python 3.11 and the package `cryptography`, nothing else.

    python verify.py pack.zip --key "name+hash+key"

It says what is wrong and where; exit code 0 means that nothing is, 1 that something is, 2 that it could not tell.
"""

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

HASH = 32  # bytes of SHA-256
CHUNK = 1 << 20  # bytes in memory at a time
LONGEST = 64 << 20  # bytes of a line or of a small file
FORMAT = 1
ED25519 = b"\1"  # the algorithm's number in C2SP signed notes
PREFIX = "\N{EM DASH} "
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SEAL = "seal.note"  # signs the tag manifest, so that it cannot be listed there
TAG_MANIFEST = "tagmanifest-sha256.txt"
UNLISTED = {SEAL, TAG_MANIFEST}


class Malformed(ValueError):
    """What was read has not the form that it must have; the message is a sentence."""


class Finding(NamedTuple):
    """Something that is not as it was written: the kind, the file or entry, and a sentence."""

    problem: str
    place: str
    sentence: str


class Report(NamedTuple):
    """What verifying found, and what a reader should know beside it."""

    findings: list[Finding]
    remarks: list[str]


# --- the log ----------------------------------------------------------------------------------------------------------


def leaf_hash(content: bytes) -> bytes:
    """The hash of an entry as a leaf of the log (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def is_included(leaf: bytes, index: int, *, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof leads from the leaf at `index` to the root of `size` entries (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]) -> bool:
    """Whether the log of the new size and root begins with the old one (RFC 9162, section 2.1.4.2)."""
    (first, old_root), (second, new_root) = old, new
    if first in {0, second}:
        return not path and old_root == (new_root if first else hashlib.sha256(b"").digest())
    if first > second:
        return False
    steps = [old_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, found = node_hash(step, was), node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and was == old_root and found == new_root


# --- signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) -------------------------------------------------


class Key(NamedTuple):
    """A public key: whose, its four bytes of identity, and the 32 bytes of Ed25519."""

    name: str
    id: bytes
    public: bytes

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


Result = TypeVar("Result")


class Note(NamedTuple):
    """A text with signatures: names, identities of keys, and the signatures themselves."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


class Checkpoint(NamedTuple):
    """What a log's operator signs: whose log, its size and its root."""

    origin: str
    size: int
    root: bytes


def key_id(name: str, public: bytes) -> bytes:
    """The identity that a signature names its key by."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def read_key(text: str) -> Key:
    """A public key as it is published: `name+hash+key`. Raises `Malformed`."""
    name, _, rest = text.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    material = _decoded(encoded)
    if not name or re.search(r"\s", name) or material[:1] != ED25519 or len(material) != HASH + 1:
        raise Malformed("A public key has the form name+hash+key, of the algorithm Ed25519.")
    key = Key(name, key_id(name, material[1:]), material[1:])
    if key.id.hex() != identity:
        raise Malformed(f"The public key of {name} does not fit its hash; was it copied whole?")
    return key


def read_note(text: str) -> Note:
    """Raises `Malformed`."""
    body, separator, lines = text.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or any(ord(each) < 32 and each != "\n" for each in text):
        raise Malformed("It is no signed note.")
    signatures = []
    for line in lines.removesuffix("\n").split("\n"):
        name, _, encoded = line.removeprefix(PREFIX).partition(" ")
        signature = _decoded(encoded)
        if not line.startswith(PREFIX) or not name or len(signature) <= 4:
            raise Malformed("It is a note with a malformed signature.")
        signatures.append((name, signature[:4], signature[4:]))
    return Note(body + "\n", tuple(signatures))


def signer(note: Note, keys: Iterable[Key]) -> Key | None:
    """The first of these keys whose signature is under the note and holds."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in keys:
        for name, identity, signature in note.signatures:
            if (name, identity) == (key.name, key.id):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, note.text.encode())
                except InvalidSignature:
                    return None  # under the right name, but false: nothing in the note is worth anything
                return key
    return None


def read_checkpoint(note: Note) -> Checkpoint:
    """Raises `Malformed`."""
    lines = note.text.split("\n")
    if len(lines) < 4 or not lines[0] or not re.fullmatch(r"0|[1-9]\d{0,18}", lines[1]):
        raise Malformed("It is no checkpoint of a log.")
    root = _decoded(lines[2])
    if len(root) != HASH:
        raise Malformed("It is a checkpoint without a root.")
    return Checkpoint(lines[0], int(lines[1]), root)


def followed(trusted: Iterable[Key], statements: Iterable[str]) -> list[Key]:
    """The trusted keys, and those that one of them has named as its successor."""
    keys = list(trusted)
    for text in statements:
        note = read_note(text)
        lines = note.text.split("\n")
        voucher = signer(note, keys)
        if voucher is not None and lines[0] == f"{voucher.name}/key":
            keys.append(read_key(lines[1]))
    return keys


# --- time-stamps (RFC 3161, CMS of RFC 5652) --------------------------------------------------------------------------


SIGNED_DATA, TST_INFO = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE, MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")
DIGESTS = {bytes.fromhex(f"60864801650304020{n}"): f"sha{bits}" for n, bits in ((1, 256), (2, 384), (3, 512))}
SEQUENCE, SET, OCTETS, OID, TIME, FIRST = 0x30, 0x31, 0x04, 0x06, 0x18, 0xA0  # tags of DER


class Timestamp(NamedTuple):
    """When somebody has seen a note, who says so, and whether that authority leads to a certificate that is trusted."""

    at: datetime
    authority: str
    is_trusted: bool


class _Part(NamedTuple):
    """A value of DER: its tag, what is in it, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes


def read_timestamp(response: bytes, note: str, roots: Sequence[Any] = ()) -> Timestamp:
    """What a time-stamp response (DER) proves for the note; `roots` are certificates (cryptography.x509).

    Imprint, signature, the signer's certificate and its purpose are checked; the path to a root, with every validity
    at that moment, as far as `roots` go. Revocation is not. Raises `Malformed`.
    """
    try:
        outer = _one(response)
        status, token = _parts(outer.content, 2)
        if {outer.tag, status.tag, token.tag} != {SEQUENCE}:
            raise Malformed("It is no time-stamp.")
        if _parts(status.content)[0].content != b"\0":
            raise Malformed("The time-stamp was not granted.")
        kind, wrapped = _parts(token.content, 2)
        signed = _parts(_one(wrapped.content).content)
        if kind.content != SIGNED_DATA or [part.tag for part in signed[1:3]] != [SET, SEQUENCE]:
            raise Malformed("It is no time-stamp.")
        inner = _parts(signed[2].content, 2)
        info = _one(inner[1].content).content
        certificates = [part.whole for part in _parts(signed[3].content)] if signed[3].tag == FIRST else []
        (claim,) = _parts(signed[-1].content)
        if inner[0].content != TST_INFO:
            raise Malformed("It is no time-stamp.")
        at = _stamped(info, note)
        return _believed(at, info, claim, certificates, roots)
    except (IndexError, ValueError, TypeError) as error:
        raise error if isinstance(error, Malformed) else Malformed("It is no time-stamp.") from None


def _stamped(info: bytes, note: str) -> datetime:
    """The time in a TSTInfo (RFC 3161, section 2.4.2), once it is about the note."""
    parts = _parts(info) if info[:1] != bytes([SEQUENCE]) else _parts(_one(info).content)
    algorithm, imprint = _parts(parts[2].content, 2)
    name = DIGESTS.get(_parts(algorithm.content)[0].content)
    if name is None or hashlib.new(name, note.encode()).digest() != imprint.content:
        raise Malformed("The time-stamp is over something else.")
    text = parts[4].content.decode()
    if parts[4].tag != TIME or not re.fullmatch(r"\d{14}(\.\d{1,6}\d*)?Z", text):
        raise Malformed("The time-stamp states no time.")
    fraction = text[15:-1][:6].ljust(6, "0") if "." in text else "0"
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(microsecond=int(fraction), tzinfo=UTC)


def _believed(at: datetime, info: bytes, claim: _Part, certificates: list[bytes], roots: Sequence[Any]) -> Timestamp:
    from cryptography import x509

    parts = _parts(claim.content)
    issuer, serial = _parts(parts[1].content, 2)
    known = [x509.load_der_x509_certificate(each) for each in certificates]
    number = int.from_bytes(serial.content, "big")
    own = [each for each in known if (each.issuer.public_bytes(), each.serial_number) == (issuer.whole, number)]
    if not own:
        raise Malformed("The time-stamp does not have its signer's certificate.")
    digest = DIGESTS[_parts(parts[2].content)[0].content]
    said = {}
    for attribute in _parts(parts[3].content):
        name, values = _parts(attribute.content, 2)
        said[name.content] = _one(values.content).content
    if said.get(CONTENT_TYPE) != TST_INFO or said.get(MESSAGE_DIGEST) != hashlib.new(digest, info).digest():
        raise Malformed("What is signed of the time-stamp is something else.")
    _require_signature(own[0], parts[5].content, bytes([SET]) + parts[3].whole[1:], digest)
    try:
        usage = own[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise Malformed("The time-stamp's signer may not sign time-stamps.") from None
    if not usage.critical or list(usage.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Malformed("The time-stamp's signer may not sign time-stamps.")
    return Timestamp(at, own[0].subject.rfc4514_string(), _leads_to(own[0], known, roots, at))


def _require_signature(certificate: Any, signature: bytes, content: bytes, digest: str) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key, hashed = certificate.public_key(), getattr(hashes, digest.upper())()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(hashed))
        else:
            raise Malformed("The time-stamp is signed in a way that this verifier does not know.")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise Malformed("The signature of the time-stamp is false.") from None


def _leads_to(certificate: Any, known: Sequence[Any], roots: Sequence[Any], at: datetime) -> bool:
    """Whether issuers lead from the certificate to one of the roots, each of them valid then."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    for _ in range(10):
        valid = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not valid[0] <= at <= valid[1]:
            return False
        if certificate in roots:
            return True
        for issuer in (*roots, *known):
            try:
                certificate.verify_directly_issued_by(issuer)
                if issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
                    break
            except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
                continue
        else:
            return False
        certificate = issuer
    return False


def _parts(content: bytes, number: int | None = None) -> list[_Part]:
    """The values that follow one another. Raises `Malformed`."""
    found, start = [], 0
    while start < len(content):
        tag, length, place = content[start], content[start + 1], start + 2
        if length & 0x80:
            count = length & 0x7F
            length, place = int.from_bytes(content[place : place + count], "big"), place + count
            if not 0 < count <= 4:
                raise Malformed("It is no DER.")
        end = place + length
        if end > len(content) or tag & 0x1F == 0x1F:
            raise Malformed("It is no DER.")
        found.append(_Part(tag, content[place:end], content[start:end]))
        start = end
    if number is not None and len(found) != number:
        raise Malformed("It is no time-stamp.")
    return found


def _one(content: bytes) -> _Part:
    return _parts(content, 1)[0]


# --- the pack (BagIt, RFC 8493) ---------------------------------------------------------------------------------------


def verify(path: Path, key: Key | Sequence[Key] | None = None, roots: Sequence[Any] = ()) -> Report:
    """Everything that is wrong with a pack; `roots` are certificates that time-stamps are believed by.

    `key` is what is trusted from elsewhere: one key of the log, or several as they are after a rotation.

    Raises `Malformed` when it is no pack at all, and `OSError`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Pack(archive, [key] if isinstance(key, Key) else list(key or ()), roots).verify()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, binascii.Error, EOFError) as error:
        raise Malformed(f"It is no evidence pack, or its archive is damaged: {error}.") from error


class _Pack:
    def __init__(self, archive: zipfile.ZipFile, keys: list[Key], roots: Sequence[Any]) -> None:
        self.archive = archive
        self.keys = keys
        self.roots = roots
        self.findings: list[Finding] = []
        self.remarks: list[str] = []
        self.base = _base(archive)
        self.digests: dict[str, str] = {}  # of every file, by its path in the bag
        self.streams: dict[str, tuple[int, bytes]] = {}  # number and hash of the last entry of each chain
        self.used: set[tuple[str, int, str]] = set()  # document versions that entries name
        self.destroyed: dict[tuple[str, int, str], str] = {}  # versions that are gone: the certificate's number
        self.commitments: set[str] = set()

    def verify(self) -> Report:
        self._files()
        known = self._tried(lambda: [read_key(line) for line in self._text("keys.txt").splitlines()]) or []
        root = self.keys or known[:1]
        trusted = self._tried(lambda: followed(root, self._lines("data/rotations.jsonl"))) or root
        if not self.keys and root:  # whoever adds a key beside that of the log must not show the log's here
            self.remarks.append(f"All of it rests on the key {root[0]}.")
            self.remarks.append("Compare this key with one that you got elsewhere, or give it with --key.")
        seal = self._tried(self._sealed)
        checkpoint = self._tried(lambda: self._signed("data/checkpoint.note", trusted))
        case = self._tried(self._case)
        if seal is not None and checkpoint is not None and case is not None:
            self._tried(lambda: self._seal(seal, trusted, checkpoint, case))
            self._tried(lambda: self._contents(case, checkpoint))
            self._tried(lambda: self._earlier(known, checkpoint))
            self._tried(lambda: self._own_stamp(checkpoint))
        return Report(self.findings, self.remarks)

    def _tried(self, check: Callable[[], Result]) -> Result | None:
        """What a check gives; one that cannot go on is a finding, and the others still look."""
        try:
            return check()
        except Malformed as error:
            self._found("damaged", "the pack", str(error))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            self._found("damaged", "the pack", f"A file of the pack has another form than it must have ({error!r}).")
        return None

    def _contents(self, case: dict[str, Any], checkpoint: Checkpoint) -> None:
        self._entries(case, checkpoint)
        self._documents(case)
        self._personal()

    def _case(self) -> dict[str, Any]:
        case: dict[str, Any] = json.loads(self._text("data/case.json"))
        if case["format"] != FORMAT:
            raise Malformed(f"The pack has format {case['format']}; this verifier reads {FORMAT}.")
        return case

    def _found(self, problem: str, place: str, sentence: str) -> None:
        self.findings.append(Finding(problem, place, sentence))

    def _text(self, name: str) -> str:
        try:
            return b"".join(self._pieces(name)).decode()
        except UnicodeDecodeError:
            raise Malformed(f"The file {name} was changed: it is no text.") from None

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self.archive.open(self.base + name) as file:
                total = 0
                while piece := file.read(CHUNK):
                    total += len(piece)
                    if total > LONGEST:
                        raise Malformed(f"The file {name} is too large.")
                    yield piece
        except KeyError:
            raise Malformed(f"The file {name} was removed.") from None

    def _raw_lines(self, name: str) -> Iterator[bytes]:
        try:
            with self.archive.open(self.base + name) as file:
                while line := file.readline(LONGEST):
                    yield line.removesuffix(b"\n")
        except KeyError:
            raise Malformed(f"The file {name} was removed.") from None

    def _lines(self, name: str) -> Iterator[Any]:
        return (json.loads(line) for line in self._raw_lines(name))

    def _files(self) -> None:
        for info in self.archive.infolist():
            self.digests[info.filename.removeprefix(self.base)] = self._digest(info)
        listed = self._manifest("manifest-sha256.txt") | self._manifest(TAG_MANIFEST)
        for name, digest in listed.items():
            if name not in self.digests:
                self._found("removed", name, f"The file {name} was removed.")
            elif self.digests[name] != digest:
                self._found("changed", name, f"The file {name} was changed.")
        for name in sorted(self.digests.keys() - listed.keys() - UNLISTED):
            self._found("inserted", name, f"The file {name} was inserted.")
        if self.digests.get("bagit.txt") not in {None, hashlib.sha256(BAGIT.encode()).hexdigest()}:
            self._found("changed", "bagit.txt", "The file bagit.txt is not that of a bag of version 1.0.")

    def _digest(self, info: zipfile.ZipInfo) -> str:
        found = hashlib.sha256()
        try:
            with self.archive.open(info) as file:
                while piece := file.read(CHUNK):
                    found.update(piece)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            return "unreadable"
        return found.hexdigest()

    def _manifest(self, name: str) -> dict[str, str]:
        if name not in self.digests:
            self._found("removed", name, f"The file {name} was removed.")
            return {}
        listed = {}
        for line in b"".join(self._pieces(name)).decode(errors="replace").splitlines():
            digest, _, path = line.partition("  ")
            if not re.fullmatch(r"[0-9a-f]{64}", digest) or path in listed:
                self._found("changed", name, f"The file {name} has a line that cannot be right: {line[:200]}")
                break
            listed[path] = digest
        return listed

    def _note(self, name: str) -> Note:
        try:
            return read_note(self._text(name))
        except Malformed as error:
            raise Malformed(f"The file {name} is damaged. {error}") from None

    def _signed(self, name: str, keys: list[Key]) -> Checkpoint:
        note = self._note(name)
        key = signer(note, keys)
        if key is None:
            self._found("signature", name, f"The signature of {name} is not that of a trusted key.")
        checkpoint = read_checkpoint(note)
        if key is not None:
            self.remarks.append(f"The log {checkpoint.origin} had {checkpoint.size} entries, signed by {key}.")
        return checkpoint

    def _sealed(self) -> Note:
        note = self._note(SEAL)
        if not note.text.partition("\n")[0].endswith("/evidence"):
            raise Malformed(f"The file {SEAL} was changed: it seals no evidence.")
        return note

    def _seal(self, note: Note, keys: list[Key], checkpoint: Checkpoint, case: dict[str, Any]) -> None:
        if signer(note, keys) is None:
            self._found("signature", SEAL, f"The signature of {SEAL} is not that of a trusted key.")
        sealed = [f"{checkpoint.origin}/evidence", self.digests.get(TAG_MANIFEST), case["case"]]
        if note.text.split("\n")[:3] != sealed:
            self._found("changed", TAG_MANIFEST, f"The file {TAG_MANIFEST} is not the one that was signed.")

    def _entries(self, case: dict[str, Any], checkpoint: Checkpoint) -> None:
        number, last, entries = 0, "", self._raw_lines("data/entries.jsonl")
        proofs = self._lines("data/proofs.jsonl")
        for content, proof in zip(entries, proofs, strict=True):
            entry, number = json.loads(content), number + 1
            place = f"entry {entry['id']} ({entry['stream']}, no. {entry['seq']})"
            path = [bytes.fromhex(step) for step in proof["path"]]
            root, size = checkpoint.root, checkpoint.size
            if not is_included(leaf_hash(content), proof["position"], size=size, root=root, path=path):
                self._found("changed", place, f"The {place} is not in the log as the pack shows it.")
            if not self._belongs(entry, case):
                self._found("inserted", place, f"The {place} belongs to something else.")
            if entry["id"] <= last:
                self._found("reordered", place, f"The {place} is not in its place.")
            last = entry["id"]
            self._link(place, entry, content, bytes.fromhex(proof["previous"]), case)
            self.commitments |= set(entry["personal"].values())
            self.used |= set(versions_of(entry["data"]))
            if entry["type"] == "document.destroyed":
                self._destroyed(entry["data"])
        if number != case["entries"]:
            self._found("removed", "data/entries.jsonl", f"There are {number} entries; {case['entries']} were packed.")
        self.remarks.append(f"{number} entries of the {_subject(case).replace(':', ' ')}.")

    def _belongs(self, entry: dict[str, Any], case: dict[str, Any]) -> bool:
        if entry["stream"] == _subject(case):
            return True
        return "subject" not in case and bool(entry["case"] == case["case"])

    def _link(self, place: str, entry: dict[str, Any], content: bytes, previous: bytes, case: dict[str, Any]) -> None:
        stream, seq = entry["stream"], entry["seq"]
        before, known = self.streams.get(stream, (0, bytes(HASH)))
        self.streams[stream] = seq, hashlib.sha256(previous + content).digest()
        if stream == _subject(case) and seq != before + 1:
            self._found("removed", place, f"Before the {place} one or more entries were removed.")
        elif seq == before + 1 and previous != known:
            self._found("changed", place, f"The {place} does not follow the entry before it.")

    def _documents(self, case: dict[str, Any]) -> None:
        packed = {(each["document_id"], each["version"], each["digest"]): each["path"] for each in case["documents"]}
        absent = {(each["document_id"], each["version"], each["digest"]) for each in case["absent"]}
        for (document, version, digest), path in packed.items():
            if self.digests.get(path) != digest:
                self._found("changed", path, f"The file {path} is not the document that the trail names.")
            if (document, version, digest) not in self.used:
                self._found("inserted", path, f"No entry names version {version} of the document {document}.")
        for document, version, digest in sorted(absent - self.destroyed.keys()):
            where = f"document {document}"
            sentence = f"Version {version} of the {where} ({digest}) is missing; no entry says that it was destroyed."
            self._found("removed", where, sentence)
        for document, version, digest in sorted(self.used - packed.keys() - absent):
            where = f"document {document}"
            self._found("removed", where, f"Version {version} of the {where} ({digest}) was removed.")
        for path in sorted(self.digests.keys() - set(packed.values())):
            if path.startswith("data/documents/"):
                self._found("inserted", path, f"The file {path} is no document of the case.")
        self.remarks.append(f"{len(packed)} versions of documents; {len(absent)} are not in the pack.")
        for gone in sorted(absent & self.destroyed.keys()):
            document, version, _ = gone
            certificate = self.destroyed[gone]
            self.remarks.append(f"Version {version} of {document} was destroyed under certificate {certificate}.")

    def _destroyed(self, data: dict[str, Any]) -> None:
        for each in data["versions"]:
            self.destroyed[data["document_id"], each["n"], each["digest"]] = data["certificate"]

    def _personal(self) -> None:
        opened = set()
        for value in self._lines("data/personal.jsonl"):
            seal = hashlib.sha256(bytes.fromhex(value["salt"]) + value["content"].encode()).hexdigest()
            opened.add(seal)
            if seal != value["commitment"] or seal not in self.commitments:
                place = f"personal value {value['commitment']}"
                self._found("changed", place, f"The {place} is not the one that was recorded.")
        self.remarks.append(f"{len(self.commitments - opened)} personal values are not in the pack.")

    def _earlier(self, known: list[Key], checkpoint: Checkpoint) -> None:
        for earlier in self._lines("data/consistency.jsonl"):
            note = read_note(earlier["note"])
            was, proof = read_checkpoint(note), [bytes.fromhex(step) for step in earlier["proof"]]
            place = f"checkpoint of {was.size} entries"
            if signer(note, known) is None or was.origin != checkpoint.origin:
                self._found("signature", place, f"The {place} is not signed by a key of the log.")
            if not is_consistent((was.size, was.root), (checkpoint.size, checkpoint.root), proof):
                self._found("changed", place, f"The log does not begin with what the {place} signed.")
            if "timestamp" in earlier:
                self._stamp(place, was.size, earlier["note"], base64.b64decode(earlier["timestamp"], validate=True))

    def _own_stamp(self, checkpoint: Checkpoint) -> None:
        name = "data/checkpoint.tsr"
        if name in self.digests:
            note = self._text("data/checkpoint.note")
            self._stamp("checkpoint", checkpoint.size, note, b"".join(self._pieces(name)))

    def _stamp(self, place: str, size: int, note: str, response: bytes) -> None:
        try:
            found = read_timestamp(response, note, self.roots)
        except Malformed as error:
            self._found("timestamp", place, f"The time-stamp of the {place} does not hold. {error}")
            return
        said = f"The first {size} entries of the log existed at {found.at.isoformat()}, says {found.authority}"
        if found.is_trusted:
            self.remarks.append(f"{said}, whose certificate is one that you trust; revocation was not asked for.")
        elif self.roots:
            self._found("timestamp", place, f"{said}, whose certificate leads to none that you trust.")
        else:
            self.remarks.append(f"{said}. Whether to believe that was not checked: give --authority roots.pem.")


def _subject(case: dict[str, Any]) -> str:
    """The stream that the pack is about; none of its entries may be missing."""
    return str(case.get("subject") or f"case:{case['case']}")


def versions_of(data: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """The document versions that an entry names: document, version, digest."""
    for each in (data, *(data.get("documents") or ())):
        if isinstance(each, dict) and {"document_id", "version", "digest"} <= each.keys():
            yield each["document_id"], each["version"], each["digest"]


def _base(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    base = names[0].partition("/")[0] + "/" if names else ""
    for name in names:
        if not name.startswith(base) or len(base) < 2 or ".." in name.split("/") or "\\" in name or name.endswith("/"):
            raise Malformed(f"It is no evidence pack: {name!r} is no name of a file in a bag.")
    if len(set(names)) < len(names):
        raise Malformed("The archive has two files of the same name.")
    return base


def _decoded(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed(f"{text[:100]!r} is not base64.") from None
    if base64.b64encode(found).decode() != text:
        raise Malformed(f"{text[:100]!r} is not base64 as it is written.")
    return found


def read_roots(path: Path) -> list[Any]:
    """Certificates out of a file (PEM). Raises `Malformed`, `OSError`."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise Malformed(f"{path} holds no certificates.") from None


def read_keys(given: str) -> list[Key]:
    """Public keys that somebody trusts: one as it is written, or a file with one on each line. Raises `Malformed`."""
    is_file = "+" not in given or Path(given).is_file()
    try:
        lines = Path(given).read_text(encoding="utf-8").splitlines() if is_file else [given]
    except UnicodeDecodeError:
        raise Malformed(f"{given} holds no public keys: it is no text.") from None
    keys = [read_key(line) for line in lines if line.strip()]
    if not keys:
        raise Malformed(f"{given or 'What was given'} holds no public key.")
    return keys


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a pack and say what was found; the exit code."""
    parser = argparse.ArgumentParser(description="Verifies an evidence pack of Obieg offline.")
    parser.add_argument("pack", type=Path)
    parser.add_argument(
        "--key", help="the public key of the log, as you got it elsewhere; or a file of keys, one a line"
    )
    parser.add_argument("--authority", type=Path, help="a file of certificates (PEM) that time-stamps are believed by")
    given = parser.parse_args(arguments)
    try:
        keys = read_keys(given.key) if given.key is not None else []
        roots = read_roots(given.authority) if given.authority else ()
    except (Malformed, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        report = verify(given.pack, keys, roots)
    except (Malformed, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1 if isinstance(error, Malformed) else 2
    except ImportError:
        sys.stderr.write("Verifying signatures needs the package cryptography: pip install cryptography\n")
        return 2
    for line in (*report.remarks, *(finding.sentence for finding in report.findings)):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(report.findings)} findings.\n" if report.findings else "Everything is as it was written.\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
