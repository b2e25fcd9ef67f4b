"""Completions of user tasks through real HTTP: a server process of its own on a temporary data folder, 1 and 8 clients.

Each client has a case of its own with rounds of one task, a connection that stays open, and a token; it completes one
task after the other. Times are what the client sees.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.complete import KEY, MODEL
from webapp.cli.progress import progress_bar

CLIENTS = (1, 8)
WARM_UP = 20  # completions of each client that are not measured
START = 180  # seconds
BARS = {"clients_8_per_second": 200}
OBIEG = (sys.executable, "-c", "from webapp.cli import main; main()")
BOUNDARY = "bench"
ROUNDS = 2000
QUICK = 160


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure as many completions with each number of clients; times are milliseconds."""
    rounds = QUICK if quick else ROUNDS
    figures: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder,
        _serving(Path(folder)) as (address, token),
        progress_bar("completions through HTTP") as progress,
    ):
        for number, clients in enumerate(CLIENTS, 1):
            times, seconds = _measure(address, token, clients=clients, rounds=rounds // clients)
            progress(number, len(CLIENTS))
            figures[f"clients_{clients}"] = {
                "per_second": round(len(times) / seconds, 1),
                "p50_ms": round(statistics.median(times), 3),
                "p95_ms": round(statistics.quantiles(times, n=20)[-1], 3),
            }
    within = figures["clients_8"]["per_second"] >= BARS["clients_8_per_second"]
    return {"benchmark": "http", **figures, "bars": BARS, "within_bars": within}


def _measure(address: str, token: str, *, clients: int, rounds: int) -> tuple[list[float], float]:
    """The time of each completion, and the seconds that all took together."""
    barrier = threading.Barrier(clients + 1)
    found: list[list[float]] = [[] for _ in range(clients)]
    faults: list[BaseException] = []

    def work(times: list[float]) -> None:
        try:
            client = _Client(address, token)
            client.start()
            for _ in range(WARM_UP):
                client.complete()
            barrier.wait()
            times.extend(client.complete() for _ in range(rounds))
        except BaseException as error:
            faults.append(error)
            barrier.abort()
            raise

    threads = [threading.Thread(target=work, args=(times,)) for times in found]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return [each for times in found for each in times], time.perf_counter() - began


class _Client:
    """Completes the tasks of one case, over one connection."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._task = ""

    def start(self) -> None:
        """Deploy the model (once is enough) and start a case."""
        file = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{KEY}.bpmn"\r\n\r\n'
            f"{MODEL}\r\n--{BOUNDARY}--\r\n"
        )
        self._send("/definitions", file.encode(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        variables = {"amount": 12000, "customer": "ACME", "finished": False}
        started = self._send("/instances", json.dumps({"definition_key": KEY, "variables": variables}).encode())
        self._task = started["tasks"][0]["id"]

    def complete(self) -> float:
        """Complete the open task; returns the milliseconds."""
        began = time.perf_counter()
        answer = self._send(f"/tasks/{self._task}/complete", b'{"data": {"remark": "done"}}')
        self._task = answer["tasks"][0]["id"]
        return (time.perf_counter() - began) * 1000

    def _send(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
        self._connection.request("POST", f"/api/v1{path}", body, self._headers | (headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path} answered {answer.status}: {content.decode()}")
        return json.loads(content)


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, str]]:
    """A server with an administrator's token."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OBIEG_")}
    environment = ours | {"OBIEG_DATA": str(folder), "OBIEG_LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"}

    def obieg(*arguments: str) -> str:
        done = subprocess.run(
            [*OBIEG, *arguments], env=environment, capture_output=True, text=True, check=True, timeout=START
        )
        return done.stdout.strip()

    obieg("user", "add", "bench", "--role", "admin", "--role", "operator", "--role", "bench", "--no-password")
    token = obieg("token", "create", "bench")
    with subprocess.Popen(
        [*OBIEG, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+:\d+", server.stdout.readline())
            if found is None:
                raise RuntimeError("the server did not start")
            yield found[0], token
        finally:
            server.terminate()
            server.wait(30)
