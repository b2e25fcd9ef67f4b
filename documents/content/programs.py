"""Runs programs of others on files in a folder of their own: time, memory, disk are limited; no network, no files."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.records import dataclass
from documents.content.readers import CannotRead

LAUNCHER = Path(__file__).parent / "launcher.py"
TOLD = 300  # characters of what a program says


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much one run may cost: seconds on the wall, bytes of address space, bytes of one written file."""

    seconds: int
    memory: int
    largest_file: int


def run(command: Sequence[str], folder: Path, allowance: Allowance) -> None:
    """Run a program in a folder, which is its home too. Raises `CannotRead` when it fails or takes too long."""
    limits = [str(allowance.seconds), str(allowance.memory), str(allowance.largest_file)]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
    }
    errors = folder / "errors.txt"  # a file, so that what a program says has a limit as well
    with errors.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-I", str(LAUNCHER), *limits, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            env=environment,
            cwd=folder,
            start_new_session=True,  # what it starts belongs to its group, and ends with it
        )
    try:
        process.wait(timeout=allowance.seconds)
    except subprocess.TimeoutExpired:
        raise CannotRead(f"it took longer than {allowance.seconds} seconds") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode != 0:
        lines = _end_of(errors).strip().splitlines() or [f"it ended with {process.returncode}"]
        raise CannotRead(f"{Path(command[0]).name} could not work with it ({lines[-1][:TOLD]})")


def _end_of(told: Path) -> str:
    with told.open("rb") as file:
        file.seek(max(0, told.stat().st_size - 10 * TOLD))
        return file.read().decode(errors="replace")
