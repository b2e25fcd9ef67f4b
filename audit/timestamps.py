"""RFC 3161 time-stamps over checkpoints: asking for one, and believing only an authority that we trust."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy import select

from audit.models import AuditCheckpointRow, AuditTimestampRow
from audit.verifier import Malformed, read_timestamp
from audit.verify import Finding, require_auditor
from core.errors import Unavailable
from core.records import dataclass
from storage.unit_of_work import Reading


class TimestampRefused(Unavailable):
    """What the authority answered is no time-stamp of the checkpoint by an authority that we trust."""

    code = "timestamp_refused"


@dataclass(frozen=True, slots=True)
class Roots:
    """The file of certificates (PEM) that time-stamps are believed by; read when it is needed."""

    path: Path

    def read(self) -> list[x509.Certificate]:
        """Raises `TimestampRefused`."""
        try:
            found = x509.load_pem_x509_certificates(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise TimestampRefused(f"OBIEG_TSA_ROOTS names {self.path}, which holds no certificates.") from error
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as it goes to the authority."""

    request: TimeStampRequest
    content: bytes


def ask(note: str) -> Asked:
    """A request for a time-stamp over the note's bytes, with a nonce and for the authority's certificates."""
    built = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    request = built.nonce(nonce=True).cert_request(cert_request=True).build()
    return Asked(request, request.as_bytes())


def accept(asked: Asked, answer: bytes, note: str, roots: Roots) -> datetime:
    """The time that the answer states for the note, once everything about it holds. Raises `TimestampRefused`."""
    builder = VerifierBuilder.from_request(asked.request)
    trusted = roots.read()
    for each in trusted:
        builder = builder.add_root_certificate(each)
    try:
        response = decode_timestamp_response(answer)
        _require_granted(response)
        builder.build().verify_message(response, note.encode())
        return read_timestamp(answer, note, trusted).at  # as everybody else will read it later
    except (VerificationError, ValueError) as error:
        said = str(error).partition(": ErrorStack")[0].rstrip(".")[:200]  # what follows is OpenSSL's own list
        raise TimestampRefused(f"The authority's answer is no time-stamp of the checkpoint: {said}.") from error


def check_timestamps(view: Reading, roots: Roots | None) -> list[Finding]:
    """The kept time-stamps that do not hold; without roots, imprints and signatures alone are looked at.

    Needs `audit.read`; raises `Forbidden`, and `TimestampRefused` where the roots cannot be read.
    """
    require_auditor(view)
    trusted = roots.read() if roots is not None else []
    row, signed = AuditTimestampRow, AuditCheckpointRow
    query = select(row.size, row.at, row.response, signed.note).join(signed, signed.size == row.size, isouter=True)
    findings = []
    for size, at, response, note in view.session.execute(query.order_by(row.size)):
        problem = _problem(response, note or "", at, trusted)
        if problem is not None:
            sentence = f"The time-stamp of the checkpoint of {size} entries does not hold. {problem}"
            findings.append(
                Finding(stream="audit:log", seq=size, entry_id=None, problem="timestamp", sentence=sentence)
            )
    return findings


def _problem(response: bytes, note: str, at: datetime, trusted: Sequence[x509.Certificate]) -> str | None:
    try:
        found = read_timestamp(response, note, trusted)
    except Malformed as error:
        return str(error)
    if found.at != at:
        return f"It states {found.at.isoformat()}."
    return None if found.is_trusted or not trusted else f"{found.authority} leads to no certificate in OBIEG_TSA_ROOTS."


def _require_granted(response: TimeStampResponse) -> None:
    if response.status != 0:
        said = " ".join(response.status_string) or f"status {response.status}"
        raise TimestampRefused(f"The authority refused the time-stamp: {said[:200]}.")
