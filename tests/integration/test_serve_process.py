from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tests.installations import NAME, Installation
from tests.served import OBIEG, Memory, Served, environment, run, serving, wait_until

GIB = 1 << 30
MOST_GROWTH = 64 << 20  # bytes
BLOCK = os.urandom(1 << 20)
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="disk.img"\r\n\r\n'
END = b"\r\n--x--\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def served(folder: Path, installation: Installation) -> Iterator[Served]:
    token = installation.copy(folder)
    with serving(folder) as server:
        server.token = token
        yield server


class Gibibyte:
    """A multipart body with a file of one GiB, each MiB of it different."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._blocks = self._all()

    def __len__(self) -> int:
        return len(HEAD) + GIB + len(END)

    def read(self, _size: int = -1) -> bytes:
        return next(self._blocks, b"")

    def _all(self) -> Iterator[bytes]:
        yield HEAD
        for number in range(GIB // len(BLOCK)):
            block = number.to_bytes(8) + BLOCK[8:]
            self.digest.update(block)
            yield block
        yield END


def test_a_gibibyte_goes_up_and_down_in_little_memory(served: Served) -> None:
    body, back = Gibibyte(), hashlib.sha256()
    served.send("GET", "/api/v1/documents")

    with Memory(served.process) as memory:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        filed = served.send("POST", "/api/v1/documents", data=body, headers=headers)
        assert filed.status_code == 201, filed.text
        with served.send("GET", filed.json()["content"], stream=True) as answer:
            for piece in answer.iter_content(1 << 20):
                back.update(piece)

    assert filed.json()["digest"] == body.digest.hexdigest() == back.hexdigest()
    assert memory.growth < MOST_GROWTH, f"{memory.growth >> 20} MiB"


def test_a_length_that_lies_keeps_nothing_and_blocks_nobody(served: Served, folder: Path) -> None:
    parts = urlsplit(served.address)
    before = blobs_in(folder)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=60) as connection:
        connection.sendall(
            b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n"
            b"Authorization: Bearer " + served.token.encode() + b"\r\n\r\n" + HEAD + b"only this"
        )
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert b"Nothing was kept" in answer
    assert served.send("GET", "/healthz").status_code == 200
    assert blobs_in(folder) == before


def test_a_refused_upload_costs_no_memory(served: Served) -> None:
    parts = urlsplit(served.address)
    with Memory(served.process) as memory:
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        connection.putrequest("POST", "/api/v1/documents")
        connection.putheader("Content-Type", "multipart/form-data; boundary=x")
        connection.putheader("Content-Length", "2000000000")
        connection.putheader("Authorization", "Bearer wrong")
        connection.endheaders()
        try:
            for _ in range(300):
                connection.send(BLOCK)
        except OSError:
            pass  # the server has closed the connection, as it should
        connection.close()

    assert memory.growth < MOST_GROWTH
    assert served.send("GET", "/healthz").status_code == 200


def test_a_second_server_on_the_same_folder_is_refused(served: Served, folder: Path) -> None:
    second = run(folder, "serve", "--port", "0")

    assert second.returncode == 2
    assert str(served.process.pid) in second.stderr
    assert "Traceback" not in second.stderr


def test_commands_work_beside_a_running_server(served: Served, folder: Path) -> None:
    listed = run(folder, "user", "list")

    assert listed.returncode == 0, listed.stderr
    assert NAME in listed.stdout
    assert served.send("GET", "/readyz").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as server:
        postgres = postgres_of(tmp_path)

        server.stop(number)

        assert server.process.returncode == 0, "".join(server.lines)
        assert not is_alive(postgres)
        assert "Traceback" not in "".join(server.lines)


ANOTHER_THREAD_TAKES_IT = """
import signal, threading
from webapp import serving

def take() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

serving.run((), ready=lambda: threading.Timer(0.3, take).start())
print("stopped")
"""


def test_a_signal_that_another_thread_takes_stops_the_server_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ANOTHER_THREAD_TAKES_IT], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.stdout == "stopped\n", ended.stderr


def test_a_killed_server_loses_nothing_and_starts_again(tmp_path: Path, installation: Installation) -> None:
    token = installation.copy(tmp_path)
    with serving(tmp_path) as server:
        server.token = token
        filed = server.send("POST", "/api/v1/documents", files={"file": ("plan.pdf", b"%PDF-1.7")})
        assert filed.status_code == 201, filed.text

        server.process.kill()
        server.process.wait()

    with serving(tmp_path) as again:
        again.token = token
        content = again.send("GET", filed.json()["content"])
        assert content.content == b"%PDF-1.7"
        postgres = postgres_of(tmp_path)
        again.stop()
    assert not is_alive(postgres)


def test_a_database_that_goes_away_is_503_and_comes_back_by_itself(tmp_path: Path, installation: Installation) -> None:
    token = installation.copy(tmp_path)
    with serving(tmp_path) as server:
        server.token = token
        postgres = postgres_of(tmp_path)
        os.kill(postgres, signal.SIGQUIT)  # PostgreSQL's immediate shutdown: every connection is cut
        wait_until(lambda: not is_alive(postgres), what="PostgreSQL did not stop")

        away = server.send("GET", "/api/v1/documents")
        alive = server.send("GET", "/healthz")

        assert away.status_code == 503
        assert away.json()["code"] == "unavailable"
        assert int(away.headers["Retry-After"]) > 0
        assert alive.status_code == 200
        wait_until(lambda: server.send("GET", "/readyz").status_code == 200, what="the server did not recover")
        assert server.send("GET", "/api/v1/documents").status_code == 200


def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = subprocess.run(
            [*OBIEG, "serve", "--port", str(port)],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        f"Nothing can listen on 127.0.0.1:{port}: Address already in use. Choose another --port."
    )
    assert not (tmp_path / "postgres").exists()  # said before the database is made


def test_web_alone_needs_a_migrated_database(tmp_path: Path, database_url: str) -> None:
    with serving(tmp_path, "web", OBIEG_DATABASE_URL=database_url) as server:
        assert requests.get(server.address + "/readyz", timeout=10).status_code == 200


def postgres_of(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    """A process that ended may wait for its parent to notice."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def blobs_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs").rglob("*") if path.is_file() and len(path.name) == 64}
