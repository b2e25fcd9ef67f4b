"""Runs all tests in two runs at the same time, each with a PostgreSQL of its own; what they print comes in turn.

Each takes the next file when it has ended one (`tests/sharing.py`), so that both end at about the same time.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TypeAlias

Running: TypeAlias = "subprocess.Popen[bytes]"

ROOT = Path(__file__).parents[1]
RUNS = 2
PIECE = 64 << 10  # bytes
PAUSE = 0.2  # seconds between two looks at what another run has printed


def main(options: Sequence[str]) -> int:
    """Run all with these options of pytest; returns 0 when all pass."""
    began = time.monotonic()
    with ExitStack() as kept:
        folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="obieg-share-"))
        arguments = ["-p", "tests.sharing", f"--share={folder}", *options]  # apart, pytest takes it for tests
        running = start(arguments)
        outputs = [kept.enter_context(tempfile.TemporaryFile("wb+")) for _ in range(1, RUNS)]
        others = [(start(arguments, each), each) for each in outputs]
        codes = [wait(running), *(follow(*each) for each in others)]
    print(f"All {RUNS} runs ended after {time.monotonic() - began:.0f} s.")
    for number, code in enumerate(codes, 1):
        print(f"Run {number}: {'passed' if code == 0 else f'did not pass (exit code {code})'}")
    return max(map(abs, codes))


def start(arguments: Sequence[str], output: IO[bytes] | None = None) -> Running:
    """One run; with `output`, what it prints goes there."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def wait(process: Running) -> int:
    """Wait for the end; an interruption reaches all runs at once, and each tells what it has seen so far."""
    while True:
        with suppress(KeyboardInterrupt):
            return process.wait()


def follow(process: Running, written: IO[bytes]) -> int:
    """Print what a process has printed and still prints, until it ends; returns its exit code."""
    shown = 0
    while True:
        code = process.poll()
        while piece := os.pread(written.fileno(), PIECE, shown):
            sys.stdout.buffer.write(piece)
            shown += len(piece)
        sys.stdout.flush()
        if code is not None:
            return code
        with suppress(KeyboardInterrupt):
            time.sleep(PAUSE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
