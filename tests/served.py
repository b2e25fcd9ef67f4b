"""A real `obieg` process for tests: started on a free port, watched, and gone at the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import requests

OBIEG = [sys.executable, "-c", "from webapp.cli import main; main()"]
START = 120  # seconds, on a machine that does much else
END = 60  # seconds


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Ours, with these settings and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OBIEG_")}
    return inherited | {"OBIEG_DATA": str(data), "OBIEG_LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"} | settings


def run(data: Path, *arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [*OBIEG, *arguments],
        input=typed,
        text=True,
        capture_output=True,
        env=environment(data, **settings),
        timeout=600,  # preparing a demo on a slow machine
        check=False,
    )


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    address: str
    token: str = ""
    lines: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return requests.request(method, self.address + path, headers=headers, timeout=60, **options)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(END)


@contextmanager
def serving(data: Path, *arguments: str, **settings: str) -> Iterator[Served]:
    """`obieg serve` (or what the arguments say) until the block ends."""
    command = [*OBIEG, *(arguments or ("serve",)), "--port", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(data, **settings),
    )
    lines: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "http://" in line:
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(START), "it did not start:\n" + "".join(lines)
        found = re.search(r"http://[\d.]+:\d+", "".join(lines))
        assert found, "it did not start:\n" + "".join(lines)
        yield Served(process, found[0], lines=lines)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END)
            except subprocess.TimeoutExpired:
                process.kill()
        listener.join(10)
        if process.stdout is not None:
            process.stdout.close()


class Memory:
    """The largest memory of a process while a block runs, in bytes above what it had before."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = psutil.Process(process.pid)
        self._before = self._rss()
        self.growth = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(0.02):
            self.growth = max(self.growth, self._rss() - self._before)

    def _rss(self) -> int:
        return int(self._process.memory_info().rss)


def wait_until(condition: Callable[[], bool], *, seconds: float = 120, what: str) -> None:
    """Ask until it is true; fails with `what` when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)
