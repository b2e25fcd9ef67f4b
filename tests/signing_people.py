"""A certificate authority of the tests: issues certificates and PKCS#12 files, and answers as a time-stamp server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

PASSWORD = "korzeń-świerk-12"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A key with its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def file(self, path: Path, *others: Identity, password: str = PASSWORD) -> Path:
        """As a PKCS#12 file."""
        encryption = serialization.BestAvailableEncryption(password.encode())
        chain = [each.certificate for each in others]
        path.write_bytes(pkcs12.serialize_key_and_certificates(b"seal", self.key, self.certificate, chain, encryption))
        return path


class Authority:
    """An authority that tests trust or do not."""

    def __init__(self, name: str = "Urząd Testowy") -> None:
        now = datetime.now(UTC)
        self.root = _issued(None, name, now - 4000 * DAY, now + 4000 * DAY)

    def issue(
        self, name: str, *, starts: timedelta = -30 * DAY, ends: timedelta = 300 * DAY, stamps: bool = False
    ) -> Identity:
        now = datetime.now(UTC)
        return _issued(self.root, name, now + starts, now + ends, stamps=stamps)

    def folder(self, path: Path) -> Path:
        """The root as a folder of trusted certificates."""
        path.mkdir(parents=True, exist_ok=True)
        (path / "root.pem").write_text(self.root.pem)
        return path


def _issued(issuer: Identity | None, name: str, starts: datetime, ends: datetime, *, stamps: bool = False) -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "PL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wisła Pompy SA"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=issuer is not None,
        content_commitment=issuer is not None,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return Identity(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


@contextmanager
def time_stamps(identity: Identity, *, at: datetime | None = None) -> Iterator[str]:
    """A time-stamp server (RFC 3161) on this machine; gives its address."""
    certificate = asn1_x509.Certificate.load(identity.certificate.public_bytes(serialization.Encoding.DER))
    der = identity.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stamper = DummyTimeStamper(
        tsa_cert=certificate,
        tsa_key=keys.PrivateKeyInfo.load(der),
        certs_to_embed=SimpleCertificateStore.from_certs([certificate]),
        fixed_dt=at,
        include_nonce=True,
    )

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Tests say what went wrong."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def paper(text: str = "Umowa", pages: int = 1) -> bytes:
    """A plain PDF."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(595, 842))
    for number in range(pages):
        canvas.drawString(72, 770, f"{text}, page {number + 1} of {pages}")
        canvas.showPage()
    canvas.save()
    return drawn.getvalue()
