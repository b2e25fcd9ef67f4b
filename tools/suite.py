"""Runs all tests in two halves at the same time, each with a PostgreSQL of its own; what they print comes in turn."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

Running: TypeAlias = "subprocess.Popen[bytes]"

ROOT = Path(__file__).parents[1]
APART = "tests/integration/test_[d-z]*.py"  # take about as long as all the others
PIECE = 64 << 10  # bytes
PAUSE = 0.2  # seconds between two looks at what the second half has printed


def main(options: Sequence[str]) -> int:
    """Run both halves with these options of pytest; returns 0 when both pass."""
    others = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(APART))
    began = time.monotonic()
    with tempfile.TemporaryFile("wb+") as written:
        running = start([f"--ignore-glob={ROOT / APART}"], options), start(others, options, written)
        codes = wait(running[0]), follow(running[1], written)
    print(f"Both halves ended after {time.monotonic() - began:.0f} s.")
    for name, code in zip((f"all but {APART}", APART), codes, strict=True):
        print(f"{name}: {'passed' if code == 0 else f'did not pass (exit code {code})'}")
    return max(map(abs, codes))


def start(arguments: Sequence[str], options: Sequence[str], output: IO[bytes] | None = None) -> Running:
    """One half; with `output`, what it prints goes there."""
    command = [sys.executable, "-m", "pytest", *arguments, *options]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def wait(process: Running) -> int:
    """Wait for the end; an interruption reaches both halves at once, and each tells what it has seen so far."""
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
