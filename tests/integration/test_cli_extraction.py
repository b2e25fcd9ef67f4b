"""`obieg documents extract`: reading again, all or what failed, to the end or in several goes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from core.identity import SYSTEM
from core.settings import Settings
from documents.content.rereading import ask_again_for
from documents.filing import FileDocument
from documents.intake import receive
from tests import content_files as files
from webapp.bootstrap import Application
from webapp.cli import cli


@pytest.fixture
def settings(application: Application, database_url: str, tmp_path: Path) -> Settings:
    for content, name in ((files.pdf("one"), "a.pdf"), (b"two", "b.txt"), (b"%PDF-1.7 broken", "c.pdf")):
        announce = application.staging.announce
        source = io.BytesIO(content)
        blob = receive(source, announced=None, limit=1 << 30, store=application.blobs, announce=announce)
        application.executor.execute(FileDocument(title="", blob=blob, file_name=name), actor=SYSTEM)
    return Settings(database_url=database_url, data=tmp_path / "data")


Counts = dict[str, dict[str, int]]


def extract(settings: Settings, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Counts]:
    code = cli.main(["documents", "extract", *options], obj=settings, standalone_mode=False, prog_name="obieg")
    return int(code or 0), json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("OBIEG_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("OBIEG_DATA", str(settings.data))


def test_what_waits_is_read_and_what_failed_is_an_exit_code(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = extract(settings, capsys)

    assert code == 1
    assert found["text"] == {"waiting": 0, "done": 2, "failed": 1}
    assert found["preview"] == {"waiting": 0, "done": 1, "failed": 1}


def test_failed_ones_are_read_again(
    settings: Settings, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    extract(settings, capsys)
    with application.database.engine.begin() as connection:
        connection.execute(sql("UPDATE extraction SET finished_at = NULL"))

    extract(settings, capsys, "--failed")

    with application.database.engine.connect() as connection:
        again = connection.execute(sql("SELECT count(*) FROM extraction WHERE finished_at IS NOT NULL")).scalar_one()
    assert again == 2  # the text and the preview of the broken one


def test_all_are_read_again_and_a_stopped_run_goes_on(
    settings: Settings, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    extract(settings, capsys)
    assert ask_again_for(application, failed=False, progress=lambda _done, _total: None) == 3

    code, found = extract(settings, capsys)  # goes on where the other one was stopped

    assert code == 1
    assert found["text"] == {"waiting": 0, "done": 2, "failed": 1}


def test_both_options_at_once_are_refused(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="Choose --all or --failed"):
        extract(settings, capsys, "--all", "--failed")
