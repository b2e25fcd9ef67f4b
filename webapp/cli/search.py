"""`obieg search`: the index of the search box."""

from __future__ import annotations

import click

from core.settings import Settings
from webapp.bootstrap import opened
from webapp.cli import print_json
from webapp.cli.progress import progress_bar


@click.group()
def search() -> None:
    """Look after the index of the search box."""


@search.command("rebuild")
@click.option("--afresh", is_flag=True, help="Begin anew, even when an earlier rebuild was stopped on its way.")
@click.pass_obj
def search_rebuild(settings: Settings, afresh: bool) -> None:
    """Write every entry anew, while the system runs; a rebuild that was stopped goes on where it was."""
    from documents.search.rebuild import rebuild

    with opened(settings) as application, progress_bar("Rebuilding the index") as progress:
        done = rebuild(application.units, progress, afresh=afresh)
    print_json({"written": done.written, "removed": done.removed, "resumed": done.resumed})
