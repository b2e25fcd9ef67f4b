"""Mail is fetched over TLS: only from a server whose certificate is believed, and nothing is told to any other."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.imap_server import PASSWORD, USER, ImapServer, imap_server
from webapp.bootstrap import Application
from webapp.mailbox import MailboxAway, fetch_mail

LETTER = b"From: jan@wisla.example\r\nSubject: Complaint\r\nMessage-ID: <1@wisla.example>\r\n\r\nThe pump leaks.\r\n"


def self_signed(path: Path, *, name: str = "127.0.0.1", ends: timedelta = timedelta(days=9)) -> Path:
    """A certificate for an address that vouches for itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextmanager
def encrypted(server: ImapServer, certificate: Path) -> Iterator[int]:
    """A port that speaks TLS from the first byte and passes on what it hears to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[threading.Thread] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(ssl.SSLError, OSError):
                    caller = context.wrap_socket(plain, server_side=True)
                    behind = socket.create_connection(("127.0.0.1", server.port))
                    for source, target in ((caller, behind), (behind, caller)):
                        thread = threading.Thread(target=_pass_on, args=(source, target), daemon=True)
                        thread.start()
                        heard.append(thread)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in (thread, *heard):
            each.join(10)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@pytest.fixture(params=["tls", "starttls"])
def security(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def mailbox(application: Application, security: str, certificate: Path) -> Iterator[ImapServer]:
    """The application fetches from a server that shows this certificate."""
    with ExitStack() as stack:
        server = stack.enter_context(imap_server(certificate=certificate if security == "starttls" else None))
        port = server.port if security == "starttls" else stack.enter_context(encrypted(server, certificate))
        application.settings = replace(
            application.settings,
            imap_host="127.0.0.1",
            imap_port=port,
            imap_security=security,
            imap_user=USER,
            imap_password=PASSWORD,
            imap_timeout=10,
        )
        yield server


def test_a_certificate_that_vouches_for_itself_is_not_believed(
    application: Application, security: str, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    with mailbox(application, security, certificate), pytest.raises(MailboxAway) as refused:
        fetch_mail(application)

    sentence = refused.value.sentence
    assert "shows a certificate that is not believed: self-signed certificate. No password was sent." in sentence
    assert "OBIEG_IMAP_ROOTS" in sentence
    assert "_ssl.c" not in sentence


def test_mail_is_fetched_where_the_certificate_is_believed(
    application: Application, security: str, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    with mailbox(application, security, certificate) as server:
        application.settings = replace(application.settings, imap_roots=certificate)
        if security == "tls":
            server.deliver(LETTER)

        assert fetch_mail(application) == (1 if security == "tls" else 0)


@pytest.mark.parametrize(("name", "ends", "told"), [("10.0.0.1", 9, "mismatch"), ("127.0.0.1", -9, "expired")])
def test_a_believed_authority_is_not_enough(
    application: Application, tmp_path: Path, name: str, ends: int, told: str
) -> None:
    certificate = self_signed(tmp_path / "server.pem", name=name, ends=timedelta(days=ends))
    with mailbox(application, "tls", certificate):
        application.settings = replace(application.settings, imap_roots=certificate)
        with pytest.raises(MailboxAway, match=told):
            fetch_mail(application)


def test_a_file_without_certificates_is_named(application: Application, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with mailbox(application, "tls", self_signed(tmp_path / "server.pem")):
        application.settings = replace(application.settings, imap_roots=tmp_path / "empty.pem")
        with pytest.raises(MailboxAway, match=r"empty\.pem, which holds no certificates"):
            fetch_mail(application)
