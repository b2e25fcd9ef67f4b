"""`obieg migrate`, `obieg user`, `obieg token`: the schema, people and programs."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from core.identity import SYSTEM
from core.settings import Settings
from webapp.bootstrap import opened


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the schema up to date; several machines may try at the same time."""
    from storage.schema import current

    with opened(settings, migrated=True) as application:
        click.echo(f"The database is at {current(application.database.engine)}.")


@click.group()
def user() -> None:
    """Accounts of people."""


@user.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A role, such as sales_rep; may be given several times.")
@click.option("--display-name", default="", help="The name that others see.")
@click.option("--email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-password", is_flag=True, help="Tokens only: an account for a program.")
@click.pass_obj
def user_add(
    settings: Settings,
    name: str,
    roles: tuple[str, ...],
    display_name: str,
    email: str | None,
    password_stdin: bool,
    no_password: bool,
) -> None:
    """Add an account; the password is asked for, or read from standard input."""
    from webapp.accounts.people import AddAccount

    password = None if no_password else _password(from_stdin=password_stdin)
    command = AddAccount(name=name, display_name=display_name, roles=frozenset(roles), password=password, email=email)
    with opened(settings) as application:
        application.executor.execute(command, actor=SYSTEM)
    click.echo(f"Added {name}{' with ' + ', '.join(roles) if roles else ''}.")


@user.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def user_password(settings: Settings, name: str, password_stdin: bool) -> None:
    """Give an account a new password and end its log-ins."""
    from webapp.accounts.people import SetPassword

    password = _password(from_stdin=password_stdin)
    with opened(settings) as application:
        application.executor.execute(SetPassword(name=name, password=password), actor=SYSTEM)
    click.echo(f"{name} has a new password.")


@user.command("roles")
@click.argument("name")
@click.argument("roles", nargs=-1)
@click.option("--none", is_flag=True, help="Take all roles away.")
@click.pass_obj
def user_roles(settings: Settings, name: str, roles: tuple[str, ...], none: bool) -> None:
    """Give an account exactly these roles."""
    from webapp.accounts.people import SetRoles

    if none == bool(roles):
        raise click.UsageError(f"Name the roles that {name} shall have, or say --none to take all away.")
    with opened(settings) as application:
        application.executor.execute(SetRoles(name=name, roles=frozenset(roles)), actor=SYSTEM)
    click.echo(f"{name} has {', '.join(roles) or 'no roles'}.")


@user.command("close")
@click.argument("name")
@click.pass_obj
def user_close(settings: Settings, name: str) -> None:
    """Make an account unusable; what it did stays in the trail."""
    from webapp.accounts.people import CloseAccount

    with opened(settings) as application:
        application.executor.execute(CloseAccount(name=name), actor=SYSTEM)
    click.echo(f"{name} is closed.")


@user.command("list")
@click.pass_obj
def user_list(settings: Settings) -> None:
    """All accounts with their roles."""
    from webapp.accounts.queries import accounts

    with opened(settings) as application, application.units.reading(SYSTEM) as view:
        for account in accounts(view):
            state = "" if account.is_active else "  (closed)"
            click.echo(f"{account.name:24} {account.display_name:28} {', '.join(sorted(account.roles))}{state}")


@click.group()
def token() -> None:
    """Tokens of programs."""


@token.command("create")
@click.argument("name")
@click.option("--label", default="token", help="What the token is for.")
@click.option("--days", type=click.IntRange(min=1), help="How long it is valid; for ever when absent.")
@click.option("--only", multiple=True, help="A right that it is limited to, such as customer.read; several times.")
@click.pass_obj
def token_create(settings: Settings, name: str, label: str, days: int | None, only: tuple[str, ...]) -> None:
    """Make a token with which a program acts as the account NAME; it is printed once."""
    from webapp.accounts.tokens import CreateToken

    lifetime = None if days is None else timedelta(days=days)
    with opened(settings) as application:
        command = CreateToken(name=name, label=label, lifetime=lifetime, scopes=frozenset(only) if only else None)
        made = application.executor.execute(command, actor=SYSTEM)
    click.echo(made.token)
    click.echo(f"Id {made.id}; it is not shown again. Revoke it with: obieg token revoke {made.id}", err=True)


@token.command("revoke")
@click.argument("token_id")
@click.pass_obj
def token_revoke(settings: Settings, token_id: str) -> None:
    """Make a token useless at once."""
    from webapp.accounts.tokens import RevokeToken

    with opened(settings) as application:
        application.executor.execute(RevokeToken(token_id=token_id), actor=SYSTEM)
    click.echo("The token is revoked.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
