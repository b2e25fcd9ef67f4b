"""One server per data folder; whoever leaves last knows it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import Unavailable
from storage import ownership
from storage.ownership import DataFolder, Waiting


def test_a_second_owner_is_refused_and_told_who_is_the_first(tmp_path: Path) -> None:
    DataFolder(tmp_path).own()

    with pytest.raises(Unavailable, match=f"by process {os.getpid()}"):
        DataFolder(tmp_path).own()


def test_an_owner_that_left_can_be_followed(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.own()
    first.leave()

    DataFolder(tmp_path).own()


def test_the_lock_of_a_killed_owner_is_gone(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from storage.ownership import DataFolder\n"
        "DataFolder(Path(sys.argv[1])).own(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], cwd=Path(__file__).parents[2], check=False)

    DataFolder(tmp_path).own()

    assert (tmp_path / "obieg.lock").read_text() == f"{os.getpid()}\n"


def test_the_last_of_two_users_is_last(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.join()
    second.join()

    answers = [first.is_last()]
    first.leave()
    answers.append(second.is_last())

    assert answers == [False, True]


def test_nobody_joins_while_the_last_one_is_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "PATIENCE", 0.05)
    leaving = DataFolder(tmp_path)
    leaving.join()
    assert leaving.is_last()

    with pytest.raises(Unavailable, match="has been stopping"):
        DataFolder(tmp_path).join()

    leaving.leave()
    DataFolder(tmp_path).join()


def test_who_never_joined_is_never_last_and_leaves_quietly(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new")

    assert not folder.is_last()
    folder.leave()


def test_a_folder_that_cannot_be_used_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Unavailable, match="OBIEG_DATA"):
        DataFolder(tmp_path / "file").own()


def test_waiting_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside = threading.Lock()
    problems: list[str] = []

    def work() -> None:
        for _ in range(20):
            with Waiting(tmp_path / "lock"):
                if not inside.acquire(blocking=False):
                    problems.append("two inside")
                    return
                inside.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
