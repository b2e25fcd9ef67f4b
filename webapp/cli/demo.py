"""`obieg demo`: an installation with people, sample data and running cases, ready to be looked at."""

from __future__ import annotations

import dataclasses
import os

import click

from core.loading import loading
from core.settings import Settings
from webapp.bootstrap import Application
from webapp.cli.serve import address_options, run_parts
from webapp.logs import set_up


@click.command()
@address_options
@click.option("--prepare-only", is_flag=True, help="Fill the installation and leave; serve nothing.")
@click.pass_obj
def demo(settings: Settings, host: str, port: int, prepare_only: bool) -> None:
    """Prepare an instance with the shipped processes, people and sample data, and serve it."""
    level = settings.log_level if "OBIEG_LOG_LEVEL" in os.environ else "WARNING"
    settings = dataclasses.replace(settings, log_level=level)
    set_up(level)

    def prepare(application: Application) -> None:
        with loading():
            from webapp.demo import Demo

        Demo(application, lambda sentence: click.echo(sentence, err=True)).fill()

    names = () if prepare_only else ("web", "worker", "clock")
    run_parts(settings, names, host=host, port=port, owner=True, prepare=prepare, announce=_announce)


def _announce(address: str) -> None:
    from webapp.demo import PASSWORD, PEOPLE

    click.echo(f"\nObieg's demonstration is at {address}\n\nLog in with the password {PASSWORD} as:\n")
    for name, display_name, role in PEOPLE:
        click.echo(f"  {name:8} {display_name:20} {role.replace('_', ' ')}")
    click.echo("\nCtrl-C stops everything; what you did is kept for the next time.\n")
