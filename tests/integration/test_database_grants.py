"""Roles of the database: the program works as one that cannot change the trail, and is told when its role could."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from audit.erasing import ErasePersonalData
from audit.sequencer import sequence
from audit.verify import check_chains
from core.clock import FixedClock
from core.errors import InvalidInput
from core.identity import SYSTEM, Actor
from core.settings import Settings
from documents.filing import AddVersion, FileDocument
from documents.intake import receive
from documents.reading import ReadDocument
from storage.grants import grant
from storage.jobs.worker import Worker
from webapp.background import sign_checkpoint
from webapp.bootstrap import Application, build
from webapp.cli import cli
from webapp.grants import LIMITS, rights_beyond, rights_here

ANNA = Actor(id="anna", name="Anna", permissions=frozenset({"document.file"}))
_numbers = itertools.count(1)
Run = Callable[..., str]


@pytest.fixture
def role(admin: Engine, database_url: str) -> Iterator[str]:
    """A role that may log in and nothing else; gone afterwards, with what it was given."""
    name = f"obieg_app_{next(_numbers)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    yield name
    _drop(database_url, name)


def _drop(database_url: str, name: str) -> None:
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        for statement in ("REASSIGN OWNED BY {} TO postgres", "DROP OWNED BY {}", "DROP ROLE {}"):
            connection.execute(statement.format(name).encode())


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def granted(database_url: str, role: str) -> str:
    with psycopg.connect(_plain(database_url)) as connection:
        grant(connection, role, LIMITS)
    return role


@pytest.fixture
def limited(database_url: str, granted: str, tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    """The program, working as the role."""
    built = build(Settings(database_url=_as(database_url, granted), data=tmp_path / "app"), clock=clock)
    yield built
    built.close()


def file(application: Application, content: bytes = b"one") -> str:
    blob = receive(
        io.BytesIO(content), announced=None, limit=99, store=application.blobs, announce=application.staging.announce
    )
    return str(application.executor.execute(FileDocument(title="A", blob=blob, file_name="a.txt"), actor=ANNA).id)


def test_the_program_works_as_the_role(limited: Application) -> None:
    document_id = file(limited)
    blob = receive(io.BytesIO(b"two"), announced=None, limit=99, store=limited.blobs, announce=limited.staging.announce)
    limited.executor.execute(AddVersion(document_id=document_id, blob=blob, file_name="a.txt"), actor=ANNA)
    limited.executor.execute(ReadDocument(document_id=document_id, n=1), actor=ANNA)
    Worker(limited.database.engine, limited).drain()
    sequence(limited.database.engine)

    assert sign_checkpoint(limited) is not None
    limited.executor.execute(ErasePersonalData(subject=f"document:{document_id}", reason="asked"), actor=SYSTEM)
    with limited.units.reading(SYSTEM) as view:
        assert list(check_chains(view, lambda *_: None)) == []
    assert rights_beyond(limited) == ()
    assert rights_here(limited).lacking == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor_id = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE audit_leaf",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_leaf SET type = 'x'",
        "DELETE FROM audit_stream",
        "DELETE FROM document_version",
        "UPDATE tombstone SET versions = '[]'",
        "CREATE TABLE mine (id int)",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_what_the_role_may_not_do(limited: Application, statement: str) -> None:
    file(limited)

    with (
        limited.database.engine.connect() as connection,
        pytest.raises(ProgrammingError, match=r"denied|must be owner"),
    ):
        connection.execute(text(statement))


def test_a_superuser_is_told_of(application: Application) -> None:
    (sentence,) = rights_beyond(application)

    assert sentence == "postgres is a superuser, whom nothing is refused."


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("GRANT UPDATE ON audit_entry TO {}", "has UPDATE on audit_entry"),
        ("GRANT UPDATE (actor_id) ON audit_entry TO {}", "has UPDATE on audit_entry"),
        ("GRANT TRIGGER ON audit_leaf TO {}", "has TRIGGER on audit_leaf"),
        ("GRANT DELETE ON audit_entry TO PUBLIC", "has DELETE on audit_entry"),
        ("ALTER TABLE audit_log OWNER TO {}", "owns audit_log"),
        ("ALTER SCHEMA public OWNER TO {}", "owns the schema"),
        ("GRANT pg_write_server_files TO {}", "reaches the files"),
        ("GRANT pg_write_all_data TO {}", "has DELETE, UPDATE on audit_entry"),
        ("ALTER ROLE {} CREATEROLE", "may make other roles"),
    ],
)
def test_what_a_role_has_beyond_its_needs_is_told(
    application: Application, database_url: str, granted: str, statement: str, told: str
) -> None:
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        connection.execute(statement.format(granted).encode())

    assert any(told in sentence for sentence in rights_here(application, granted).excess)


def test_the_command_gives_checks_and_takes_back(
    database_url: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBIEG_DATABASE_URL", database_url)
    monkeypatch.setenv("OBIEG_DATA", str(tmp_path / "data"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["db", "grants", *arguments])

    before = run(role, "--check")
    given = run(role)
    with psycopg.connect(_plain(database_url), autocommit=True) as connection:
        connection.execute(f"GRANT DELETE ON audit_entry TO {role}".encode())
    worse = run(role, "--check", "--json")
    again = run(role)

    assert (before.exit_code, given.exit_code, worse.exit_code, again.exit_code) == (1, 0, 1, 0)
    assert f"{role} lacks INSERT, SELECT on audit_entry." in before.output
    assert f"{role} has DELETE on audit_entry." in worse.output
    assert isinstance(run("nobody-there").exception, InvalidInput)
    assert isinstance(run("postgres").exception, InvalidInput)


def test_the_command_makes_a_role_with_a_password_that_is_not_stored_in_clear(
    database_url: str, admin: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBIEG_DATABASE_URL", database_url)
    monkeypatch.setenv("OBIEG_DATA", str(tmp_path / "data"))
    (tmp_path / "secret").write_text("rzeka-latarnia\n")
    name = f"obieg_made_{next(_numbers)}"

    made = CliRunner().invoke(cli, ["db", "grants", name, "--create", "--password-file", str(tmp_path / "secret")])

    assert made.exit_code == 0, made.output
    with admin.connect() as connection:
        kept = connection.execute(text("SELECT rolpassword FROM pg_authid WHERE rolname = :name"), {"name": name})
        assert str(kept.scalar_one()).startswith("SCRAM-SHA-256$")
    _drop(database_url, name)
