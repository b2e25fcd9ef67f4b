"""Checkpoints: signed, published, never of a log that does not begin with what was signed before; and their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from audit.checkpoints import LogForked, sign, verifiers
from audit.keys import KeyFile, LogKeyUnusable, RotateLogKey, make_key, read_signer, rotate_log_key, write_key
from audit.places import CheckpointFolder, Publishers, Signed
from audit.publishing import publish
from audit.sequencer import sequence
from audit.verifier import Malformed, followed, read_checkpoint, read_key, read_note, signer
from core.clock import FixedClock
from core.executor import Executor
from core.identity import SYSTEM
from storage.unit_of_work import UnitFactory
from tests.audit_samples import noted, recording, write

# the example of the C2SP signed-note specification
PUBLISHED = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    return recording(engine, clock)


class Office:
    """One installation's key and folder."""

    def __init__(self, engine: Engine, clock: FixedClock, folder: Path, units: UnitFactory) -> None:
        self.engine, self.clock, self.units = engine, clock, units
        self.key = KeyFile(folder / "data" / "log.key", "obieg.example/log")
        self.published = CheckpointFolder(folder / "published")
        self.places = Publishers(near=[self.published])
        self.executor = Executor(units)
        units.ports |= {KeyFile: self.key, Publishers: self.places}

    def sign(self) -> Signed | None:
        sequence(self.engine)
        signed = sign(self.engine, self.key, self.clock, self.places)
        for each in self.places:
            publish(self.executor, self.engine, self.clock, each, now=True)
        return signed

    def write(self, number: int = 1) -> None:
        for _ in range(number):
            write(self.units, noted())

    def rotate(self) -> str:
        with self.units.begin(SYSTEM) as unit:
            new = rotate_log_key(RotateLogKey(), unit)
            unit.commit()
        return new

    def verifiers(self) -> list[str]:
        with self.engine.connect() as connection:
            return verifiers(connection)


@pytest.fixture
def office(engine: Engine, clock: FixedClock, tmp_path: Path, units: UnitFactory) -> Office:
    return Office(engine, clock, tmp_path, units)


def test_the_specification_s_note_is_verified() -> None:
    key = read_key(PUBLISHED)

    assert str(key) == PUBLISHED
    assert signer(read_note(NOTE), [key]) == key
    assert signer(read_note(NOTE.replace("think", "thinks")), [key]) is None


@pytest.mark.parametrize("wrong", ["", "x", NOTE.rstrip("\n"), NOTE.replace("— ", "- "), NOTE.replace("AM=\n", "AM\n")])
def test_what_is_no_note_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        read_note(wrong)


def test_a_checkpoint_is_signed_kept_and_published(office: Office) -> None:
    office.write(3)

    signed = office.sign()

    assert signed is not None
    assert signed.size == 3
    (key,) = [read_key(each) for each in office.verifiers()]
    note = read_note((office.published.folder / "latest.note").read_text())
    assert signer(note, [key]) == key
    assert read_checkpoint(note) == ("obieg.example/log", 3, signed.root)
    assert (office.published.folder / "keys.txt").read_text().splitlines() == office.verifiers()
    assert office.sign() == signed


def test_an_empty_log_is_not_signed(office: Office) -> None:
    assert office.sign() is None
    assert office.published.latest() is None


def test_the_key_is_readable_by_its_owner_alone_and_shown_nowhere(office: Office) -> None:
    office.write()
    office.sign()

    assert office.key.path.stat().st_mode & 0o777 == 0o600
    private = read_signer(office.key.path.read_text())
    secret = office.key.path.read_text().strip().split("+", 4)[4]
    assert secret not in repr(private)
    with pytest.raises(Malformed) as refused:
        read_signer(office.key.path.read_text().replace("obieg.example", "eve.example"))
    assert secret not in str(refused.value)


def test_a_key_that_everybody_may_read_signs_nothing(office: Office) -> None:
    office.write()
    office.sign()
    office.key.path.chmod(0o644)
    office.write()

    with pytest.raises(LogKeyUnusable, match="chmod 600"):
        office.sign()


def test_another_machine_without_the_key_is_told_what_to_do(office: Office) -> None:
    office.write()
    office.sign()
    office.key.path.unlink()

    with pytest.raises(LogKeyUnusable, match="OBIEG_LOG_KEY"):
        office.sign()

    write_key(office.key.path, make_key("eve.example"))
    with pytest.raises(LogKeyUnusable, match="is not in"):
        office.sign()


def test_after_a_rotation_the_old_key_leads_to_the_new_one(office: Office) -> None:
    office.write()
    office.sign()
    old = office.verifiers()[0]

    new = office.rotate()
    office.sign()

    assert office.verifiers() == [old, new]
    note = read_note(office.published.latest() or "")
    assert signer(note, [read_key(old)]) is None
    assert str(signer(note, [read_key(new)])) == new
    with office.engine.connect() as connection:
        statements = list(connection.scalars(text("SELECT statement FROM audit_key WHERE statement IS NOT NULL")))
    assert followed([read_key(old)], statements) == [read_key(old), read_key(new)]
    assert not office.key.draft.exists()


def test_a_rotation_that_died_before_the_file_was_replaced_is_finished(office: Office, monkeypatch: Any) -> None:
    office.write()
    with monkeypatch.context() as patch:
        patch.setattr("audit.keys._take_over", lambda file: None)
        new = office.rotate()

    signed = office.sign()

    assert signed is not None
    assert signer(read_note(signed.note), [read_key(new)]) is not None
    assert str(read_signer(office.key.path.read_text()).key) == new


def test_a_log_that_was_rewritten_is_never_signed_again(office: Office) -> None:
    office.write(3)
    office.sign()
    with office.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_tile DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit_tile SET hashes = overlay(hashes placing sha256('x') from 1 for 32)"))
    office.write()

    with pytest.raises(LogForked, match="3 entries"):
        office.sign()


def test_a_database_put_back_to_an_earlier_time_is_told_by_what_was_published(office: Office) -> None:
    office.write(3)
    office.sign()
    with office.engine.begin() as connection:
        for table in ("audit_checkpoint", "audit_leaf", "audit_tile", "audit_log"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            if table != "audit_log":
                connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE audit_log SET size = 0, mark = ''"))
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM audit_entry WHERE stream_seq = 3"))

    with pytest.raises(LogForked, match="published checkpoint"):
        office.sign()


def test_what_could_not_be_published_is_published_later(office: Office) -> None:
    office.write()
    office.published.folder.parent.mkdir(exist_ok=True)
    office.published.folder.write_text("a file where the folder should be")
    assert office.sign() is not None
    assert office.published.folder.is_file()
    office.published.folder.unlink()

    signed = office.sign()

    assert signed is not None
    assert office.published.latest() == signed.note
