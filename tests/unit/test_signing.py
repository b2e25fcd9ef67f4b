"""Sealing PDFs and saying what signatures are worth, without a database."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager
from pypdf import PdfReader, PdfWriter

from core.errors import InvalidInput
from documents.signatures import checking, signing
from tests.signing_people import DAY, PASSWORD, Authority, Identity, paper, time_stamps

VISIBLE = {"title": "SEALED BY", "signer": "Wisła Pompy SA", "when": "5 January 2026", "reason": "Zażółć gęślą jaźń"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def office(authority: Authority) -> Identity:
    return authority.issue("Pieczęć Wisła Pompy")


def seal(folder: Path, content: bytes, who: Identity, **more: Any) -> bytes:
    (folder / "in.pdf").write_bytes(content)
    order = {
        "key_file": str(who.file(folder / "seal.p12")),
        "password": PASSWORD,
        "timestamps": "",
        "reason": "Approved",
        "location": "",
        "now": datetime.now(UTC).isoformat(),
        "visible": None,
    }
    signing.run(order | more, folder)
    return (folder / "out.pdf").read_bytes()


def check(folder: Path, content: bytes, *trusted: Authority, now: datetime | None = None) -> list[dict[str, Any]]:
    (folder / "in.pdf").write_bytes(content)
    moment = (now or datetime.now(UTC)).isoformat()
    return checking.run({"trusted": [each.root.pem for each in trusted], "now": moment}, folder)


def test_a_seal_is_an_increment_that_a_validator_accepts(
    tmp_path: Path, authority: Authority, office: Identity
) -> None:
    original = paper()

    sealed = seal(tmp_path, original, office, visible=VISIBLE)

    assert sealed.startswith(original)
    (root,) = checking.certificates(authority.root.pem.encode())
    signature = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0]
    context = ValidationContext(trust_manager=SimpleTrustManager.build([root]))
    status = validate_pdf_signature(signature, context)
    assert status.bottom_line
    assert str(signature.sig_object["/SubFilter"]) == "/ETSI.CAdES.detached"


def test_a_seal_is_told_with_its_signer(tmp_path: Path, authority: Authority, office: Identity) -> None:
    (told,) = check(tmp_path, seal(tmp_path, paper(), office), authority)

    assert told["signer"] == "Pieczęć Wisła Pompy"
    assert told["organisation"] == "Wisła Pompy SA"
    assert (told["integrity"], told["trust"], told["covers_all"], told["changes"]) == (
        "intact",
        "trusted",
        True,
        "nothing",
    )
    assert told["reason"] == "Approved"


def test_an_earlier_signature_stays_valid_under_a_second_one(
    tmp_path: Path, authority: Authority, office: Identity
) -> None:
    first = seal(tmp_path, paper(), office)

    second = seal(tmp_path, first, authority.issue("Zarząd"))

    assert second.startswith(first)
    earlier, later = check(tmp_path, second, authority)
    assert (earlier["integrity"], earlier["covers_all"], earlier["changes"]) == ("intact", False, "forms_and_comments")
    assert (later["integrity"], later["covers_all"], later["changes"]) == ("intact", True, "nothing")
    assert earlier["trust"] == later["trust"] == "trusted"


def test_a_changed_byte_breaks_the_signature(tmp_path: Path, authority: Authority, office: Identity) -> None:
    sealed = seal(tmp_path, paper("Price 100", 3), office)

    changed = sealed.replace(b"/Count 3", b"/Count 2", 1)

    assert changed != sealed
    (told,) = check(tmp_path, changed, authority)
    assert told["integrity"] == "changed"


def test_content_that_was_added_later_is_seen(tmp_path: Path, authority: Authority, office: Identity) -> None:
    sealed = seal(tmp_path, paper(), office)
    writer = PdfWriter(io.BytesIO(sealed), incremental=True)
    writer.pages[0].merge_page(PdfReader(io.BytesIO(paper("You owe me a million"))).pages[0])
    added = io.BytesIO()
    writer.write(added)

    (told,) = check(tmp_path, added.getvalue(), authority)

    assert (told["integrity"], told["covers_all"], told["changes"]) == ("intact", False, "other")


def test_a_stranger_is_untrusted(tmp_path: Path, office: Identity) -> None:
    (told,) = check(tmp_path, seal(tmp_path, paper(), office), Authority("Somebody else"))

    assert (told["integrity"], told["trust"]) == ("intact", "untrusted")


def test_an_expired_certificate_is_told_from_an_untrusted_one(tmp_path: Path, authority: Authority) -> None:
    sealed = seal(tmp_path, paper(), authority.issue("Last year", starts=-400 * DAY, ends=-35 * DAY))

    (told,) = check(tmp_path, sealed, authority)

    assert (told["integrity"], told["trust"]) == ("intact", "expired")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_time_stamp_keeps_a_signature_valid_when_its_certificate_has_ended(
    tmp_path: Path, authority: Authority, office: Identity
) -> None:
    with time_stamps(authority.issue("Zegar", ends=3000 * DAY, stamps=True)) as address:
        sealed = seal(tmp_path, paper(), office, timestamps=address)

    (told,) = check(tmp_path, sealed, authority, now=datetime.now(UTC) + timedelta(days=1000))

    assert told["stamp_trusted"] is True
    assert told["stamped_by"] == "Zegar"
    assert told["trust"] == "trusted"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_time_stamp_server_that_is_away_is_named(tmp_path: Path, office: Identity) -> None:
    with pytest.raises(InvalidInput, match="OBIEG_SEAL_TIMESTAMPS") as refused:
        seal(tmp_path, paper(), office, timestamps="http://127.0.0.1:9/")

    assert refused.value.details["away"] is True


def test_an_encrypted_pdf_is_not_sealed(tmp_path: Path, office: Identity) -> None:
    writer = PdfWriter(io.BytesIO(paper()))
    writer.encrypt("tajne")
    locked = io.BytesIO()
    writer.write(locked)

    with pytest.raises(InvalidInput, match="encrypted"):
        seal(tmp_path, locked.getvalue(), office)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\nnothing", b"%PDF-1.4\nxref\n0 99999999\ntrailer <</Root 1 0 R>>\n"]
)
def test_a_broken_pdf_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="broken"):
        check(tmp_path, content)


def test_a_plain_pdf_has_no_signatures(tmp_path: Path) -> None:
    assert check(tmp_path, paper()) == []
