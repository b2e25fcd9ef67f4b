"""Checkpoints are time-stamped by an authority that we trust, and whatever proves nothing is refused or found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import Engine, text

from audit.timestamps import Roots, check_timestamps
from core.clock import FixedClock
from storage.unit_of_work import UnitFactory
from tests.audit_samples import AUDITOR, recording
from tests.integration.test_audit_checkpoints import Office
from tests.integration.test_audit_publishing import go, grow
from tests.tsa import Authority, AuthorityServer, refusal
from webapp.checkpoints import TimestampAuthority, host_of
from webapp.operations.network import WebClient


@pytest.fixture
def office(engine: Engine, clock: FixedClock, tmp_path: Path) -> Office:
    units: UnitFactory = recording(engine, clock)
    return Office(engine, clock, tmp_path, units)


@pytest.fixture
def authority() -> Iterator[AuthorityServer]:
    server = AuthorityServer(Authority())
    yield server
    server.stop()


def stamping(server: AuthorityServer, folder: Path, root: bytes | None = None) -> TimestampAuthority:
    roots = folder / "roots.pem"
    roots.write_bytes(root or server.authority.root_pem)
    web = WebClient([host_of(server.url)], largest=65536, inside=True)
    return TimestampAuthority(web, server.url, Roots(roots), every=3600)


def test_the_newest_checkpoint_is_time_stamped(office: Office, authority: AuthorityServer, tmp_path: Path) -> None:
    grow(office)
    signed = grow(office)

    assert go(office, stamping(authority, tmp_path)) is None

    with office.engine.connect() as connection:
        (row,) = connection.execute(text("SELECT size, at, authority FROM audit_timestamp")).all()
    assert (row.size, row.at, row.authority) == (signed.size, authority.authority.now, authority.url)
    assert authority.seen == [("/tsr", "application/timestamp-query")]
    with office.units.reading(AUDITOR) as view:
        assert check_timestamps(view, Roots(tmp_path / "roots.pem")) == []
        assert check_timestamps(view, None) == []


def test_an_answer_that_proves_nothing_is_refused(office: Office, authority: AuthorityServer, tmp_path: Path) -> None:
    grow(office)
    place, right = stamping(authority, tmp_path), authority.authority.answer
    other = Authority()
    kept: list[bytes] = []

    def stale(asked: bytes) -> bytes:
        kept.append(right(asked))
        return kept[0]

    answers = {
        "no time today": lambda _: refusal(),
        "no time-stamp": lambda _: b"<html>",
        "larger than": lambda _: bytes(100_000),
        "Unable to verify": other.answer,
    }
    for expected, reply in answers.items():
        authority.reply = reply
        assert expected in str(go(office, place, now=True))
    authority.reply = stale
    assert go(office, place, now=True) is None
    grow(office)
    assert "Nonce mismatch" in str(go(office, place, now=True))
    authority.reply, authority.status = right, 503
    assert "answered 503" in str(go(office, place, now=True))


def test_a_signer_that_may_not_stamp_is_refused(office: Office, tmp_path: Path) -> None:
    server = AuthorityServer(Authority(purpose=ExtendedKeyUsageOID.SERVER_AUTH))
    try:
        grow(office)

        assert "time-stamp" in str(go(office, stamping(server, tmp_path)))
    finally:
        server.stop()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_timestamp SET at = at + interval '1 day'",
        "UPDATE audit_timestamp SET size = 1",
        "UPDATE audit_timestamp SET response = set_byte(response, 200, (get_byte(response, 200) + 1) % 256)",
        "UPDATE audit_timestamp SET response = set_byte(response, length(response) - 9, 7)",
    ],
)
def test_a_time_stamp_that_was_changed_is_found(
    office: Office, authority: AuthorityServer, tmp_path: Path, statement: str
) -> None:
    grow(office)
    grow(office)
    go(office, stamping(authority, tmp_path))
    with office.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_timestamp DISABLE TRIGGER USER"))
        connection.execute(text(statement))

    with office.units.reading(AUDITOR) as view:
        (found,) = check_timestamps(view, None)

    assert (found.problem, found.stream) == ("timestamp", "audit:log")


def test_time_stamps_of_a_stranger_are_found_where_roots_are_set(
    office: Office, authority: AuthorityServer, tmp_path: Path
) -> None:
    grow(office)
    go(office, stamping(authority, tmp_path))
    (tmp_path / "roots.pem").write_bytes(Authority().root_pem)

    with office.units.reading(AUDITOR) as view:
        (found,) = check_timestamps(view, Roots(tmp_path / "roots.pem"))

    assert "OBIEG_TSA_ROOTS" in found.sentence
