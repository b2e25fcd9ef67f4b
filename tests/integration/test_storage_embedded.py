"""The embedded PostgreSQL: it starts wherever a folder is, and the last one who leaves turns off the light."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from core.errors import StorageFull, Unavailable
from core.settings import Settings
from storage import embedded
from storage.embedded import SETTINGS, EmbeddedServer, start_embedded
from storage.engine import Database, connect
from tests import scratch

ROOT = Path(__file__).parents[2]
SERVE = """
import sys, threading
from pathlib import Path
from core.settings import Settings
from storage.engine import Database
database = Database.open(Settings(data=Path(sys.argv[1])))
print("up" if database.embedded.started_here else "joined", flush=True)
sys.stdin.readline()
database.close()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    folder = scratch.folder("obieg-test-")
    yield folder
    stop_whatever_runs_in(folder)
    shutil.rmtree(folder, ignore_errors=True)


def stop_whatever_runs_in(folder: Path) -> None:
    for note in folder.rglob("postmaster.pid"):
        EmbeddedServer(note.parent, note.parent, started_here=False).stop()


def answers(server: EmbeddedServer) -> bool:
    engine = connect(server.url)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one())
    finally:
        engine.dispose()


def cluster(data: Path) -> tuple[int, ...]:
    """Which file each mark of a newly made cluster is; a cluster made anew has others."""
    return tuple(each.stat().st_ino for each in sorted(data.rglob("PG_VERSION")))


def pid_of(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


def until_gone(pid: int) -> None:
    """Wait for the end of a process; one that nobody reaps has ended too."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            pass


def is_up(data: Path) -> bool:
    return (data / "postgres" / "postmaster.pid").exists()


def serve(data: Path, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", SERVE, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **options,
    )


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        assert process.stderr is not None
        raise AssertionError(process.stderr.read())
    return line


def test_a_second_start_joins_and_a_later_one_takes_the_cluster_that_is_there(data: Path) -> None:
    first = start_embedded(data)
    second = start_embedded(data)
    assert (first.started_here, second.started_here) == (True, False)
    first.stop()

    made = cluster(data)
    third = start_embedded(data)

    assert third.started_here
    assert answers(third)
    assert cluster(data) == made != ()


def test_it_listens_on_a_socket_only(data: Path) -> None:
    server = start_embedded(data)

    engine = connect(server.url)
    with engine.connect() as connection:
        shown = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("listen_addresses", "fsync")]
    engine.dispose()

    assert shown == ["", "on"]
    assert (data / "postgres").stat().st_mode & 0o077 == 0


def test_the_data_sort_and_fold_alike_on_every_machine(data: Path) -> None:
    engine = connect(start_embedded(data).url)

    with engine.connect() as connection:
        assert connection.execute(text("SELECT lower('ŻÓŁĆ')")).scalar_one() == "żółć"
    engine.dispose()


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with space",
        "zażółć gęślą",
        "percent%41",
        "quote'd",
        'double"quote',
        "comma,",
        "a" * 120,
        "back\\slash",
    ],
)
def test_it_starts_in_any_folder(data: Path, name: str) -> None:
    server = start_embedded(data / name)

    assert answers(server)
    server.stop()


def test_the_socket_of_a_long_path_lies_where_only_we_can_reach_it(data: Path) -> None:
    server = start_embedded(data / ("a" * 120))

    assert server.sockets != server.folder
    assert server.sockets.stat().st_mode & 0o077 == 0
    server.stop()


def test_processes_that_start_at_once_share_one_server(data: Path) -> None:
    processes = [serve(data) for _ in range(3)]
    words = sorted(said(process) for process in processes)
    pid = pid_of(data)

    for process in processes:
        process.communicate("\n", timeout=30)

    assert words == ["joined", "joined", "up"]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert not is_up(data)
    until_gone(pid)


def test_the_last_one_stops_the_server_whoever_started_it(data: Path) -> None:
    starter, other = serve(data), None
    assert said(starter) == "up"
    other = serve(data)
    assert said(other) == "joined"

    starter.communicate("\n", timeout=30)
    after_the_first = is_up(data)
    other.communicate("\n", timeout=30)

    assert (after_the_first, is_up(data)) == (True, False)


def test_after_kill_9_the_next_one_joins_and_stops_it_in_the_end(data: Path) -> None:
    killed = serve(data)
    assert said(killed) == "up"
    pid = pid_of(data)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert is_up(data)

    heir = serve(data)
    assert said(heir) == "joined"
    assert pid_of(data) == pid
    heir.communicate("\n", timeout=30)

    assert not is_up(data)


def test_it_recovers_when_the_server_itself_was_killed(data: Path) -> None:
    server = start_embedded(data)
    engine = connect(server.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 1 AS value"))
    engine.dispose()
    pid = pid_of(data)
    os.kill(pid, signal.SIGKILL)
    until_gone(pid)

    again = start_embedded(data)

    assert again.started_here
    engine = connect(again.url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM kept")).scalar_one() == 1
    engine.dispose()


@pytest.mark.parametrize("number", [os.getpid(), 4_000_000, "nonsense"], ids=["another's", "nobody's", "none"])
def test_a_stale_note_of_a_server_does_not_stop_us(data: Path, number: object) -> None:
    start_embedded(data).stop()
    note = f"{number}\n{data}/postgres\n1\n5432\n{data}/postgres\n\n  1 1\nready   \n"
    (data / "postgres" / "postmaster.pid").write_text(note)

    assert answers(start_embedded(data))


def test_a_cluster_whose_making_was_interrupted_is_made_anew(data: Path) -> None:
    half = data / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text(f"{embedded.VERSION}\n")

    assert answers(start_embedded(data))
    assert not half.exists()


@pytest.mark.parametrize(("version", "advice"), [("99", "newer release of Obieg"), ("15", "pg_upgrade")])
def test_the_folder_of_another_version_is_refused_with_advice(data: Path, version: str, advice: str) -> None:
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text(f"{version}\n")

    with pytest.raises(Unavailable, match=advice) as refused:
        start_embedded(data)

    assert f"PostgreSQL {version}" in refused.value.sentence


def test_a_cluster_of_an_older_version_that_the_wheel_still_brings_goes_on(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data / "postgres"
    folder.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "VERSION", min(embedded.POSTGRES_VERSIONS))
        if os.geteuid() == 0:
            embedded._prepare_for_roots_user(folder)
        embedded._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", folder=folder)
    with (folder / "postgresql.conf").open("a") as file:
        file.write(f"include_if_exists = '{SETTINGS}'\n")

    assert answers(start_embedded(data))
    assert (folder / "PG_VERSION").read_text() == f"{min(embedded.POSTGRES_VERSIONS)}\n"


def test_a_server_that_does_not_start_says_why(data: Path) -> None:
    start_embedded(data).stop()
    (data / "postgres" / "postgresql.auto.conf").write_text("shared_buffers = nonsense\n")

    with pytest.raises(Unavailable, match="nonsense"):
        start_embedded(data)


def test_settings_of_a_newer_release_reach_an_old_cluster(data: Path) -> None:
    start_embedded(data).stop()
    (data / "postgres" / SETTINGS).write_text("max_connections = 7\n")  # as an older release wrote it

    engine = connect(start_embedded(data).url)

    with engine.connect() as connection:
        assert connection.execute(text("SHOW max_connections")).scalar_one() == "120"
    engine.dispose()


def test_too_little_room_is_refused_before_anything_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "NEEDED_SPACE", 1 << 60)

    with pytest.raises(StorageFull, match="MiB free"):
        start_embedded(data)

    assert not (data / "postgres").exists()


def test_a_folder_that_cannot_be_made_is_refused(data: Path) -> None:
    (data / "file").write_text("in the way")

    with pytest.raises(Unavailable, match="OBIEG_DATA"):
        Database.open(Settings(data=data / "file" / "var"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; the other tests are that user's")
def test_an_ordinary_user_needs_no_root(data: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)

    child = os.fork()  # a new interpreter could not be reached when it lies in root's home
    if not child:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        server = start_embedded(data)
        good = answers(server) and not (data / "postgres").stat().st_uid - nobody.pw_uid
        server.stop()
        os._exit(0 if good else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert not is_up(data)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_root_runs_it_as_an_ordinary_user(data: Path) -> None:
    start_embedded(data)

    assert psutil.Process(pid_of(data)).uids().real == pwd.getpwnam("pgserver").pw_uid
