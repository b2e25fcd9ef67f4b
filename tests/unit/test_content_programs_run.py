"""Programs of others run with limits: of time, of what they write and say, of the files that they see."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from documents.content import fences
from documents.content.programs import Allowance, run
from documents.content.readers import CannotRead

ALLOWANCE = Allowance(seconds=30, memory=2 << 30, largest_file=1 << 20)
SECRET = "the firm's own"


def python(code: str, folder: Path, allowance: Allowance = ALLOWANCE) -> None:
    run([sys.executable, "-I", "-c", code], folder, allowance)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


def kernel_can() -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0 if fences.see_only([]) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_program_works_in_its_folder(folder: Path) -> None:
    python("open('result', 'w').write('done')", folder)

    assert (folder / "result").read_text() == "done"


def test_a_program_sees_no_file_that_it_does_not_need(folder: Path, tmp_path: Path) -> None:
    if not kernel_can():
        pytest.skip("this kernel has no Landlock")
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)

    for attempt in (
        f"open({str(secret)!r}).read()",
        f"open({str(tmp_path / 'new')!r}, 'w')",
        "import os; os.listdir('/')",
    ):
        with pytest.raises(CannotRead, match="Permission denied"):
            python(attempt, folder)

    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["secret.txt"]


def test_a_program_cannot_look_into_others_of_its_account(folder: Path) -> None:
    if not kernel_can():
        pytest.skip("this kernel has no Landlock")

    with pytest.raises(CannotRead, match="Permission denied"):
        python(f"open('/proc/{os.getpid()}/environ').read()", folder)


def test_what_a_program_starts_ends_with_it(folder: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['/bin/sleep', '600'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "sys.exit(1)"
    )

    with pytest.raises(CannotRead):
        python(code, folder)

    wait_until_gone(int((folder / "child").read_text()))


def wait_until_gone(process: int) -> None:
    state = Path(f"/proc/{process}/stat")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(FileNotFoundError, ProcessLookupError):
            if state.read_text().rpartition(")")[2].split()[0] != "Z":
                os.sched_yield()
                continue
        return
    raise AssertionError(process)


def test_a_program_has_its_time_and_no_more(folder: Path) -> None:
    with pytest.raises(CannotRead, match="longer than 1 seconds"):
        python("import time; time.sleep(600)", folder, Allowance(seconds=1, memory=2 << 30, largest_file=1 << 20))


def test_a_program_that_never_stops_talking_is_cut_short(folder: Path) -> None:
    with pytest.raises(CannotRead) as refusal:
        python("import sys\nwhile True: sys.stderr.write('x' * 65536)", folder)

    assert len(str(refusal.value)) < 500
    assert (folder / "errors.txt").stat().st_size <= ALLOWANCE.largest_file


def test_a_program_cannot_write_more_than_it_may(folder: Path) -> None:
    with pytest.raises(CannotRead):
        python("open('large', 'wb').write(bytes(5 << 20))", folder)

    assert (folder / "large").stat().st_size <= ALLOWANCE.largest_file
