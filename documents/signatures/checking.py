"""Done apart: says of each signature inside a PDF who made it, when, and what it is worth today."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import DocumentTimestampStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from core.errors import InvalidInput

MOST = 50  # signatures of one file
UNREADABLE = (PdfError, SignatureValidationError, ValueError, KeyError, IndexError, TypeError, AttributeError)
USAGES = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)
NOTHING, FORMS, OTHERS = "nothing", "forms_and_comments", "other"
Status = PdfSignatureStatus | DocumentTimestampStatus


def run(order: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Look at `in.pdf`; `order` has `trusted` (PEM texts) and `now` (ISO 8601). Raises `InvalidInput`."""
    trusted = [each for text in order["trusted"] for each in certificates(text.encode())]
    with (folder / "in.pdf").open("rb") as source:
        reader = opened(source)
        found = signatures_of(reader)
        if len(found) > MOST:
            raise InvalidInput(f"The PDF has {len(found)} signatures; {MOST} at most are looked at.")
        return [look(each, trusted, datetime.fromisoformat(order["now"])) for each in found]


def opened(source: Any) -> PdfFileReader:
    """A reader that can read everything. Raises `InvalidInput` with a sentence."""
    try:
        reader = PdfFileReader(source, strict=False)
        if reader.encrypted:
            reader.decrypt("")
            if reader.security_handler is None or not reader.security_handler.is_authenticated():
                raise InvalidInput("The PDF is encrypted with a password, so its signatures cannot be looked at.")
        _ = reader.root, reader.embedded_signatures
    except UNREADABLE as error:
        raise InvalidInput("The PDF is broken: its structure cannot be read.") from error
    return reader


def signatures_of(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    """Signatures and document time stamps, oldest first."""
    return list(reader.embedded_signatures)


def certificates(content: bytes) -> Iterator[x509.Certificate]:
    """The certificates of a PEM or DER file. Raises `ValueError`."""
    if not pem.detect(content):
        yield x509.Certificate.load(content, strict=True)
        return
    for kind, _, der in pem.unarmor(content, multiple=True):
        if kind == "CERTIFICATE":
            yield x509.Certificate.load(der, strict=True)


def look(signature: EmbeddedPdfSignature, trusted: list[x509.Certificate], now: datetime) -> dict[str, Any]:
    """What one signature is worth at a time."""
    told: dict[str, Any] = {"field": str(signature.field_name or "")[:200], "kind": "signature"}
    if str(signature.sig_object_type) == "/DocTimeStamp":
        told["kind"] = "timestamp"
    try:
        status = _status(signature, trusted, now)
    except UNREADABLE:
        return told | {"integrity": "unreadable", "trust": "unknown", "covers_all": False, "changes": OTHERS}
    return told | _facts(signature, status, now) | {"trust": _trust(signature, status, trusted, now)}


def _status(signature: EmbeddedPdfSignature, trusted: list[x509.Certificate], moment: datetime) -> Status:
    if str(signature.sig_object_type) == "/DocTimeStamp":
        return validate_pdf_timestamp(signature, _context(trusted, moment))
    return validate_pdf_signature(
        signature, _context(trusted, moment), _context(trusted, moment), key_usage_settings=USAGES
    )


def _context(trusted: list[x509.Certificate], moment: datetime) -> ValidationContext:
    roots = SimpleTrustManager.build(trusted)
    return ValidationContext(trust_manager=roots, moment=moment, allow_fetching=False, revocation_mode="soft-fail")


def _facts(signature: EmbeddedPdfSignature, status: Status, now: datetime) -> dict[str, Any]:
    certificate = status.signing_cert
    stamp = status if isinstance(status, DocumentTimestampStatus) else status.timestamp_validity
    claimed = None if isinstance(status, DocumentTimestampStatus) else status.signer_reported_dt
    reason = signature.sig_object.get("/Reason")
    return {
        "signer": _common_name(certificate.subject),
        "organisation": _part(certificate.subject, "organization_name"),
        "issuer": _common_name(certificate.issuer),
        "serial": f"{certificate.serial_number:x}"[:80],
        "valid_from": certificate.not_valid_before.isoformat(),
        "valid_until": certificate.not_valid_after.isoformat(),
        "signed_at": claimed.isoformat() if claimed else None,
        "stamped_at": stamp.timestamp.isoformat() if stamp and stamp.intact and stamp.valid else None,
        "stamped_by": _common_name(stamp.signing_cert.subject) if stamp else None,
        "stamp_trusted": bool(stamp and stamp.intact and stamp.valid and stamp.trusted),
        "reason": str(reason)[:500] if reason else None,
        "integrity": "intact" if status.intact and status.valid else "changed",
        "covers_all": status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        "changes": _changes(status),
        "certified": bool(getattr(signature, "docmdp_level", None)),
        "has_ended": certificate.not_valid_after < now,
    }


def _changes(status: Status) -> str:
    """What came after the signature: nothing, what it allows, or something else."""
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return NOTHING
    if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return OTHERS
    level = status.modification_level
    if status.docmdp_ok is False or level is None or level > ModificationLevel.ANNOTATIONS:
        return OTHERS
    return NOTHING if level <= ModificationLevel.LTA_UPDATES else FORMS


def _trust(signature: EmbeddedPdfSignature, status: Status, trusted: list[x509.Certificate], now: datetime) -> str:
    """Whether an authority that we trust stands behind it: trusted, expired, not_yet, revoked or untrusted."""
    if status.trusted:
        return "trusted"
    if status.revoked:
        return "revoked"
    certificate = status.signing_cert
    if certificate.not_valid_before > now:
        return "not_yet"
    if certificate.not_valid_after > now:
        return "untrusted"
    stamp = None if isinstance(status, DocumentTimestampStatus) else status.timestamp_validity
    proved = stamp.timestamp if stamp and stamp.intact and stamp.valid and stamp.trusted else None
    moment = proved or certificate.not_valid_after
    try:
        before = _status(signature, trusted, moment)
    except UNREADABLE:
        return "untrusted"
    if not before.trusted:
        return "untrusted"
    return "trusted" if proved else "expired"


def _common_name(name: x509.Name) -> str:
    return _part(name, "common_name") or name.human_friendly[:200]


def _part(name: x509.Name, part: str) -> str | None:
    value = name.native.get(part)
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value)[:200] if value else None
