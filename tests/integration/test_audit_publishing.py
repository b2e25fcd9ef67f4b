"""Checkpoints reach every place that the settings name; one that is away delays no other and is caught up later."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from minio import Minio
from sqlalchemy import Engine, text

from audit.checkpoints import LogForked, sign
from audit.places import CheckpointBucket, CheckpointFolder, Publishers, Signed
from audit.publishing import Publication, keep_known, publications, publish
from audit.sequencer import sequence
from audit.verifier import read_checkpoint, read_note
from core.clock import FixedClock
from core.errors import Forbidden, Unavailable
from core.settings import Settings
from storage.blobs.files import BucketFiles
from storage.unit_of_work import UnitFactory
from tests.audit_samples import ANNA, AUDITOR, recording
from tests.integration.test_audit_checkpoints import Office
from tests.mailbox import Mailbox
from tests.seaweed import ACCESS_KEY, READ_ONLY_KEY, READ_ONLY_SECRET, SECRET_KEY, Seaweed
from webapp.checkpoints import CheckpointMail, publishers
from webapp.operations.smtp import SmtpServer

_buckets = itertools.count(1)


class Away:
    """A place that is away until somebody says otherwise."""

    name, place, every, complete = "far", "a far place", 60, True

    def __init__(self) -> None:
        self.is_away = True
        self.notes: list[str] = []
        self.tries = 0

    def publish(self, signed: Signed, keys: str) -> None:
        self.tries += 1
        if self.is_away:
            raise Unavailable("The far place does not answer.")
        self.notes.append(signed.note)

    def latest(self) -> str | None:
        return self.notes[-1] if self.notes else None

    def all(self) -> Iterator[str]:
        return iter(self.notes)


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    return recording(engine, clock)


@pytest.fixture
def office(engine: Engine, clock: FixedClock, tmp_path: Path, units: UnitFactory) -> Office:
    return Office(engine, clock, tmp_path, units)


def state(office: Office, name: str) -> Publication:
    with office.units.reading(AUDITOR) as view:
        return next(each for each in publications(view) if each.name == name)


def grow(office: Office) -> Signed:
    office.write()
    sequence(office.engine)
    signed = sign(office.engine, office.key, office.clock, office.places)
    assert signed is not None
    return signed


def go(office: Office, place: object, *, now: bool = False) -> str | None:
    return publish(office.executor, office.engine, office.clock, place, now=now)  # type: ignore[arg-type]


def later(office: Office, seconds: int) -> None:
    assert isinstance(office.clock, FixedClock)
    office.clock.advance(timedelta(seconds=seconds))


def told(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        query = text("SELECT type FROM audit_entry WHERE type LIKE 'audit.publishing%' ORDER BY id")
        return list(connection.scalars(query))


def test_a_place_that_is_away_delays_neither_signing_nor_the_others(office: Office) -> None:
    away = Away()
    office.places = Publishers(near=[office.published], far=[away])

    signed = grow(office)
    problems = [go(office, each) for each in office.places]

    assert problems == [None, "The far place does not answer."]
    assert office.published.latest() == signed.note
    assert (state(office, "folder").size, state(office, "far").size) == (1, 0)
    assert state(office, "far").waiting == 1


def test_what_was_missed_is_caught_up_in_order(office: Office) -> None:
    away = Away()
    notes = []
    for _ in range(4):
        notes.append(grow(office).note)
        go(office, away)
        later(office, 3600)

    away.is_away = False
    go(office, away)

    assert away.notes[:4] == notes
    found = state(office, "far")
    assert (found.failures, found.problem, found.size) == (0, None, read_checkpoint(read_note(away.notes[-1])).size)


def test_tries_at_a_place_that_fails_grow_rarer(office: Office) -> None:
    away = Away()
    grow(office)
    gaps = []
    for _ in range(9):
        go(office, away)
        found = state(office, "far")
        gaps.append(int((found.next_at - office.clock.now()).total_seconds()))
        later(office, gaps[-1] - 1)
        go(office, away)
        later(office, 1)

    assert away.tries == 9
    assert gaps == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_auditors_are_told_once_that_a_place_keeps_failing_and_that_it_goes_on(office: Office) -> None:
    away = Away()
    grow(office)
    for _ in range(5):
        go(office, away, now=True)
    assert state(office, "far").is_failing
    assert told(office) == ["audit.publishing_failed"]

    away.is_away = False
    go(office, away, now=True)

    assert told(office) == ["audit.publishing_failed", "audit.publishing_caught_up"]
    assert not state(office, "far").is_failing


def test_a_place_is_left_alone_while_another_process_is_at_it(office: Office) -> None:
    place = Away()
    place.is_away = False
    grow(office)

    class Meddling(Away):
        def publish(self, signed: Signed, keys: str) -> None:
            assert go(office, place) is None
            super().publish(signed, keys)

    meddling = Meddling()
    meddling.is_away = False
    go(office, meddling)

    assert (len(meddling.notes), place.tries) == (1, 0)


def test_a_far_place_that_saw_another_log_stops_the_signing(office: Office) -> None:
    far = Away()
    far.is_away = False
    grow(office)
    go(office, far)
    far.notes[-1] = far.notes[-1].replace("\n1\n", "\n900\n")
    grow(office)
    later(office, 60)

    assert "900 entries" in str(go(office, far))

    with pytest.raises(LogForked, match="a far place"):
        grow(office)


def test_places_that_the_settings_name_no_more_are_forgotten(office: Office) -> None:
    grow(office)
    go(office, Away())
    go(office, office.published)

    keep_known(office.engine, office.clock, [office.published])

    with office.units.reading(AUDITOR) as view:
        assert [each.name for each in publications(view)] == ["folder"]


def test_a_folder_that_is_changed_for_another_gets_all_checkpoints(office: Office, tmp_path: Path) -> None:
    notes = [grow(office).note, grow(office).note]
    go(office, office.published)

    other = CheckpointFolder(tmp_path / "other")
    go(office, other)

    assert list(other.all()) == notes


def test_only_auditors_see_where_checkpoints_go(office: Office) -> None:
    with office.units.reading(ANNA) as view, pytest.raises(Forbidden):
        publications(view)


def made(seaweed: Seaweed, *, object_lock: bool = False) -> str:
    name = f"checkpoints-{next(_buckets)}"
    client = Minio(seaweed.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)
    client.make_bucket(name, object_lock=object_lock)
    return name


@pytest.mark.s3
@pytest.mark.parametrize(("offered", "lock_days", "is_locking"), [(True, 1, True), (False, 1, False), (True, 0, None)])
def test_a_bucket_keeps_what_a_folder_keeps(
    office: Office, seaweed: Seaweed, offered: bool, lock_days: int, is_locking: bool | None
) -> None:
    later(office, 20 * 365 * 86400)  # a lock must end in the future
    files = BucketFiles(seaweed.bucket(made(seaweed, object_lock=offered)), office.clock, lock_days=lock_days)
    place = CheckpointBucket(files)

    notes = [grow(office).note, grow(office).note]
    assert go(office, place, now=True) is None
    assert go(office, office.published, now=True) is None

    assert list(place.all()) == list(office.published.all()) == notes
    assert place.latest() == office.published.latest() == notes[-1]
    assert files.read("keys.txt") == (office.published.folder / "keys.txt").read_bytes()
    assert files.is_locking is is_locking


@pytest.mark.s3
def test_a_bucket_that_refuses_us_is_a_problem_with_a_name(office: Office, seaweed: Seaweed) -> None:
    grow(office)
    bucket = made(seaweed)
    there = seaweed.bucket(bucket)
    reader = type(there)(
        endpoint=there.endpoint, name=bucket, access_key=READ_ONLY_KEY, secret_key=READ_ONLY_SECRET, secure=False
    )

    assert "refuses our credential" in str(go(office, CheckpointBucket(BucketFiles(reader, office.clock))))
    missing = CheckpointBucket(BucketFiles(seaweed.bucket("no-such-bucket"), office.clock))
    assert "does not exist" in str(go(office, missing, now=True))


def test_a_server_that_is_away_is_a_problem_and_no_more(office: Office, seaweed: Seaweed) -> None:
    grow(office)
    there = seaweed.bucket("x-bucket")
    nowhere = type(there)(endpoint="127.0.0.1:1", name="nowhere", access_key="a", secret_key="b", secure=False)

    assert "does not answer" in str(go(office, CheckpointBucket(BucketFiles(nowhere, office.clock))))


def mail_settings(port: int) -> Settings:
    return Settings(mail_host="127.0.0.1", mail_port=port, mail_security="none", mail_from="obieg@example.com")


def test_a_checkpoint_goes_out_by_mail_with_the_note_attached(office: Office) -> None:
    mailbox = Mailbox(encrypted=False)
    server = mailbox.serve()
    try:
        place = CheckpointMail(SmtpServer(mail_settings(server.port)), ["audit@example.com"], every=86400)
        grow(office)
        signed = grow(office)

        assert go(office, place) is None
        grow(office)
        assert go(office, place) is None
    finally:
        server.stop()

    ((recipients, letter),) = mailbox.letters
    assert recipients == ["audit@example.com"]
    attached = {part.get_filename(): part.get_content() for part in letter.iter_attachments()}
    assert attached == {f"{2:020}.note": signed.note.encode(), "keys.txt": f"{office.verifiers()[0]}\n".encode()}
    assert signed.note in letter.get_body().get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert state(office, "mail").size == 2


def test_a_place_with_nothing_to_get_does_not_wait_a_day_for_the_first(office: Office) -> None:
    mailbox = Mailbox(encrypted=False)
    server = mailbox.serve()
    try:
        place = CheckpointMail(SmtpServer(mail_settings(server.port)), ["audit@example.com"], every=86400)
        assert go(office, place) is None
        grow(office)
        later(office, 60)
        assert go(office, place) is None
    finally:
        server.stop()

    assert len(mailbox.letters) == 1


def test_mail_that_somebody_does_not_get_is_tried_again(office: Office) -> None:
    mailbox = Mailbox(encrypted=False, refuse={"gone@example.com": "550 nobody here"})
    server = mailbox.serve()
    try:
        recipients = ["audit@example.com", "gone@example.com"]
        grow(office)

        problem = go(office, CheckpointMail(SmtpServer(mail_settings(server.port)), recipients, every=60))
    finally:
        server.stop()

    assert "gone@example.com" in str(problem)
    assert "cannot be reached" in str(
        go(office, CheckpointMail(SmtpServer(mail_settings(server.port)), ["a@example.com"], every=60), now=True)
    )


def test_the_settings_name_the_places(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    settings = Settings.from_environment(
        {
            "OBIEG_CHECKPOINTS": str(tmp_path),
            "OBIEG_CHECKPOINT_S3_BUCKET": "proofs",
            "OBIEG_CHECKPOINT_S3_ENDPOINT": "s3.example.com",
            "OBIEG_CHECKPOINT_S3_ACCESS_KEY": "key-of-proofs",
            "OBIEG_CHECKPOINT_S3_SECRET_KEY": "secret-of-proofs",
            "OBIEG_MAIL_HOST": "mail.example.com",
            "OBIEG_MAIL_FROM": "obieg@example.com",
            "OBIEG_CHECKPOINT_MAIL": "audit@example.com, board@example.com",
            "OBIEG_TSA_URL": "http://tsa.example.com/tsr?key=private",
            "OBIEG_TSA_ROOTS": str(roots),
        }
    )

    places = [each.place for each in publishers(settings)]

    assert places == [
        f"the folder {tmp_path}",
        "the bucket proofs at s3.example.com",
        "mail to audit@example.com, board@example.com",
        "the time-stamping authority http://tsa.example.com/tsr",
    ]
    assert [each.name for each in publishers(Settings())] == ["folder"]
