"""The organisation's certificate, and the authorities that this installation trusts."""

import logging
from dataclasses import field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from core.errors import Unavailable
from core.records import dataclass
from core.settings import Settings

ENDINGS = {".pem", ".crt", ".cer", ".der"}
MOST = 500  # files of the folder of trusted certificates
LARGEST = 1 << 20  # bytes of one of them
logger = logging.getLogger(__name__)


class SealNotSetUp(Unavailable):
    """Nothing can be sealed here: the certificate is missing, unreadable or over."""

    code = "seal_not_set_up"


class TrustUnusable(Unavailable):
    """The folder of trusted certificates cannot be used."""

    code = "trust_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCertificate:
    """Who seals here."""

    name: str
    organisation: str | None
    issuer: str
    valid_until: datetime
    file: Path
    chain: tuple[str, ...] = field(repr=False)  # PEM, its own first


def seal_certificate(settings: Settings, now: datetime) -> SealCertificate:
    """The certificate that seals are made with. Raises `SealNotSetUp` with what an administrator has to do."""
    file = settings.seal_file
    if file is None:
        raise SealNotSetUp("This installation has no seal. An administrator sets OBIEG_SEAL_FILE to a PKCS#12 file.")
    try:
        found = pkcs12.load_key_and_certificates(file.read_bytes(), settings.seal_password.encode() or None)
    except OSError as error:
        raise SealNotSetUp("The file of the seal (OBIEG_SEAL_FILE) cannot be read.") from error
    except ValueError as error:
        sentence = "The file of the seal (OBIEG_SEAL_FILE) is no PKCS#12 file, or OBIEG_SEAL_PASSWORD is wrong."
        raise SealNotSetUp(sentence) from error
    key, certificate, others = found
    if key is None or certificate is None:
        raise SealNotSetUp("The file of the seal (OBIEG_SEAL_FILE) has no private key with its certificate.")
    ends = certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now <= ends:
        raise SealNotSetUp(f"The certificate of the seal is not valid now; it ends on {ends:%Y-%m-%d}. Renew it.")
    return SealCertificate(
        name=_common_name(certificate.subject),
        organisation=_part(certificate.subject, NameOID.ORGANIZATION_NAME),
        issuer=_common_name(certificate.issuer),
        valid_until=ends,
        file=file.resolve(),
        chain=tuple(each.public_bytes(Encoding.PEM).decode() for each in (certificate, *others)),
    )


def trusted(settings: Settings, now: datetime) -> list[str]:
    """PEM texts of all that is trusted: the folder's certificates, and the chain of the own seal.

    Raises `TrustUnusable` where the folder is set and cannot be read: nobody may believe that it was asked.
    """
    try:
        own = list(seal_certificate(settings, now).chain)
    except SealNotSetUp:
        own = []
    if settings.trust_folder is None:
        return own
    try:
        files = sorted(each for each in settings.trust_folder.iterdir() if each.suffix.lower() in ENDINGS)[:MOST]
        return own + [text for file in files for text in _certificates(file)]
    except OSError as error:
        raise TrustUnusable("The folder of trusted certificates (OBIEG_TRUST_FOLDER) cannot be read.") from error


def _certificates(file: Path) -> list[str]:
    """Those of one file; a file that is none is left out and told to the administrator in the log."""
    content = file.read_bytes()[:LARGEST]
    try:
        if b"-----BEGIN" in content:
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
    except ValueError:
        logger.warning("no certificate in a file of the trust folder", extra={"action": "trust", "file": file.name})
        return []
    return [each.public_bytes(Encoding.PEM).decode() for each in found]


def _common_name(name: x509.Name) -> str:
    return _part(name, NameOID.COMMON_NAME) or name.rfc4514_string()


def _part(name: x509.Name, part: x509.ObjectIdentifier) -> str | None:
    values = name.get_attributes_for_oid(part)
    return str(values[0].value) if values else None
