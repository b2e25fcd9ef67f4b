"""`obieg db`: the database roles of an installation that has a server of its own."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
from psycopg import sql

from core.errors import Unavailable
from core.settings import Settings
from storage.grants import grant
from webapp.bootstrap import opened
from webapp.cli import FINDINGS, print_json
from webapp.grants import LIMITS, rights_here


@click.group("db")
def database() -> None:
    """Database roles."""


@database.command("grants")
@click.argument("role")
@click.option(
    "--check", is_flag=True, help="Change nothing; say what the role has beyond its needs, and what it lacks."
)
@click.option("--create", is_flag=True, help="Make the role if there is none.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose first line is the pass-word of a role that is made.",
)
@click.option("--json", "as_json", is_flag=True, help="One object with what was found.")
@click.pass_context
def grants(
    context: click.Context, role: str, *, check: bool, create: bool, password_file: Path | None, as_json: bool
) -> None:
    """Give ROLE what the program needs, and no right to change or remove the trail; exit code 1 when it has more.

    Run it as the role that owns the tables, after each obieg migrate; let OBIEG_DATABASE_URL of web, worker and clock
    name ROLE.
    """
    settings: Settings = context.obj
    with opened(settings) as application:
        if not check:
            with application.database.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                try:
                    if create:
                        _create(driver, role, password_file)
                    grant(driver, role, LIMITS)
                    driver.commit()
                except psycopg.errors.InsufficientPrivilege as error:
                    raise Unavailable(
                        f"Rights were not given: {error.diag.message_primary}. Let OBIEG_DATABASE_URL name the role "
                        "that owns the tables."
                    ) from error
        found = rights_here(application, role)
    if as_json:
        print_json({"role": role, "excess": list(found.excess), "lacking": list(found.lacking)})
    else:
        for sentence in (*found.excess, *found.lacking):
            click.echo(sentence)
        if not found.excess and not found.lacking:
            click.echo(f"{role} has what the program needs, and cannot change the trail.", err=True)
    context.exit(FINDINGS if found.excess or found.lacking else 0)


def _create(connection: psycopg.Connection, role: str, password_file: Path | None) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None:
        return
    name = sql.Identifier(role)
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    if password_file is not None:
        password = password_file.read_text().partition("\n")[0].rstrip("\r")
        sealed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(sealed)))
