"""`obieg dunning`: what is done every night and every morning about overdue invoices."""

from __future__ import annotations

import click

from core.identity import SYSTEM
from core.settings import Settings
from processes.dunning.dispatching import DispatchNextLetter
from processes.dunning.nightly import StartDunnings
from webapp.bootstrap import opened


@click.group()
def dunning() -> None:
    """Dunning of overdue invoices."""


@dunning.command("start")
@click.pass_obj
def start(settings: Settings) -> None:
    """Have workers start a case for each invoice that is due long enough; may be repeated at any time."""
    with opened(settings) as application:
        count = application.executor.execute(StartDunnings(), actor=SYSTEM)
    click.echo(f"{count} cases are being started.")


@dunning.command("print")
@click.pass_obj
def print_letters(settings: Settings) -> None:
    """Make the letters that wait and put them into the outbox, which prints, mails and texts them."""
    made = held_back = 0
    last: str | None = ""
    with opened(settings) as application:
        while last is not None:
            printed = application.executor.execute(DispatchNextLetter(after=last), actor=SYSTEM)
            last = printed.letter_id if printed else None
            made += bool(printed and printed.document_id)
            held_back += bool(printed and not printed.document_id)
    click.echo(f"{made} letters were put into the outbox, {held_back} were held back.")
