"""A small time-stamping authority (RFC 3161) over HTTP, for tests: its certificates are made for the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = "1.3.6.1.4.1.99999.1"
Change = Callable[[bytes], bytes]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A root, and a certificate for time-stamps below it; `purpose` is what that one may be used for."""

    def __init__(self, *, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING) -> None:
        self.root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.root = self._certificate("Test root", self.root_key.public_key(), ca=True)
        self.certificate = self._certificate("Test authority", self.key.public_key(), ca=False, purpose=purpose)
        self.root_pem = self.root.public_bytes(Encoding.PEM)
        self.now = datetime.now(UTC).replace(microsecond=0)

    def _certificate(
        self, name: str, key: rsa.RSAPublicKey, *, ca: bool, purpose: x509.ObjectIdentifier | None = None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("Test root"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        return builder.sign(self.root_key, SHA256())

    def answer(self, asked: bytes) -> bytes:
        """A time-stamp response (DER) to a request (DER)."""
        request = tsp.TimeStampReq.load(asked)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": request["message_imprint"],
                "serial_number": 7,
                "gen_time": self.now,
                "nonce": request["nonce"].native,
            }
        ).dump()
        content = cms.ContentInfo({"content_type": "signed_data", "content": self._signed(info)})
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": content}).dump())

    def _signed(self, info: bytes) -> cms.SignedData:
        certificate = asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        own = sha256(certificate.dump()).digest()
        attributes = cms.CMSAttributes(
            [
                _attribute("content_type", "tst_info"),
                _attribute("message_digest", sha256(info).digest()),
                _attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [{"cert_hash": own}]})),
            ]
        )
        signature = self.key.sign(attributes.dump(), padding.PKCS1v15(), SHA256())
        signer = {
            "version": "v1",
            "sid": {
                "issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
            },
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature,
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
                "certificates": [certificate],
                "signer_infos": [signer],
            }
        )


def _attribute(kind: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def refusal() -> bytes:
    """An authority's no; asn1crypto 1.5.1 cannot write a response without a token."""
    words = b"no time today"
    said = bytes([0x0C, len(words)]) + words
    info = b"\x02\x01\x02" + bytes([0x30, len(said)]) + said
    status = bytes([0x30, len(info)]) + info
    return bytes([0x30, len(status)]) + status


class AuthorityServer:
    """The authority over HTTP; `reply` makes it answer something else, `status` another status."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.reply: Change = authority.answer
        self.status = 200
        self.seen: list[tuple[str, str]] = []  # path and type of content
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, self.headers["Content-Type"]))
                content = outer.reply(body)
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/tsr"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
