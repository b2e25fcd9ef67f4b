"""Files that are dropped into a folder are filed once and moved away; what is no plain file is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import webapp.dropped
from core.errors import Unavailable
from core.identity import SYSTEM
from documents.intake_sorting import arrivals
from webapp.bootstrap import Application
from webapp.dropped import take_files


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def folder(application: Application, tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    application.settings = replace(application.settings, intake_folder=folder)
    return folder


def waiting(application: Application) -> list[Any]:
    with application.units.reading(SYSTEM) as view:
        return list(arrivals(view).items)


def drop(folder: Path, name: str, content: bytes = b"%PDF-1.7 scan") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_a_scan_is_filed_into_the_inbox_and_moved(application: Application, folder: Path) -> None:
    drop(folder, "Scan 001.pdf")
    drop(folder, "invoices/Faktura 7.pdf", b"%PDF-1.7 invoice")

    assert take_files(application) == 2

    found = waiting(application)
    assert [(each.title, each.origin, each.type) for each in found] == [
        ("Scan 001", "the scan folder", None),
        ("Faktura 7", "folder invoices", "invoices"),
    ]
    assert sorted(each.name for each in (folder / "done").iterdir()) == ["Faktura 7.pdf", "Scan 001.pdf"]
    assert take_files(application) == 0


def test_a_file_that_is_still_written_to_waits(application: Application, folder: Path) -> None:
    (folder / "fresh.pdf").write_bytes(b"%PDF")
    drop(folder, "upload.pdf.part")
    drop(folder, ".hidden")

    assert take_files(application) == 0

    assert (folder / "fresh.pdf").exists()


def test_links_and_pipes_are_refused_and_never_followed(application: Application, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("do not file me")
    (folder / "link.pdf").symlink_to(secret)
    os.mkfifo(folder / "pipe.pdf")
    (folder / "elsewhere").symlink_to(tmp_path, target_is_directory=True)

    take_files(application, settled=-timedelta(seconds=5))

    assert waiting(application) == []
    assert secret.read_text() == "do not file me"
    assert "link" in (folder / "failed" / "link.pdf.reason.txt").read_text()
    assert "pipe" in (folder / "failed" / "pipe.pdf.reason.txt").read_text()


@pytest.mark.parametrize("name", ["a\nb.pdf", "-rf.pdf", "$(reboot).pdf", "zażółć\u202e.pdf", "';drop table.pdf"])
def test_odd_names_do_no_harm(application: Application, folder: Path, name: str) -> None:
    drop(folder, name)

    take_files(application)

    (found,) = waiting(application)
    assert found.file_name.endswith(".pdf")
    assert found.file_name.isprintable()
    assert len(list((folder / "done").iterdir())) == 1


def test_a_name_that_is_no_text_is_taken_all_the_same(application: Application, folder: Path) -> None:
    path = os.fsencode(folder) + b"/za\xbf\xf3.pdf"
    Path(os.fsdecode(path)).write_bytes(b"%PDF-1.7")
    os.utime(path, (0, 0))

    take_files(application)

    assert waiting(application)[0].media_type == "application/pdf"


def test_files_of_one_name_do_not_write_over_one_another(application: Application, folder: Path) -> None:
    for number in range(3):
        drop(folder, "scan.pdf", b"%%PDF %d" % number)
        take_files(application)

    assert len(waiting(application)) == 3
    assert sorted(each.name for each in (folder / "done").iterdir()) == ["scan (1).pdf", "scan (2).pdf", "scan.pdf"]


@pytest.mark.parametrize("step", ["move_away", "_take"])
def test_a_file_is_filed_once_though_we_are_killed_in_between(
    application: Application, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    drop(folder, "scan.pdf")
    right = getattr(webapp.dropped, step)

    def dies(*_arguments: Any) -> None:
        raise Killed

    monkeypatch.setattr(webapp.dropped, step, dies)
    with pytest.raises(Killed):
        take_files(application)
    monkeypatch.setattr(webapp.dropped, step, right)

    take_files(application)

    assert len(waiting(application)) == 1
    assert [each.name for each in (folder / "done").iterdir()] == ["scan.pdf"]


def test_a_file_that_is_too_large_is_refused_with_a_reason(application: Application, folder: Path) -> None:
    application.settings = replace(application.settings, max_upload=5)
    drop(folder, "large.pdf")

    take_files(application)

    assert "larger than 5 bytes" in (folder / "failed" / "large.pdf.reason.txt").read_text()
    assert waiting(application) == []


def test_a_folder_that_is_gone_is_told(application: Application, folder: Path) -> None:
    folder.rmdir()

    with pytest.raises(Unavailable, match="OBIEG_INTAKE_FOLDER"):
        take_files(application)
