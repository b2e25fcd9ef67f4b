"""`obieg export`: the history for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from core.identity import SYSTEM
from core.settings import Settings
from webapp.bootstrap import opened
from webapp.cli.drafts import whole
from webapp.cli.progress import progress_bar


@click.group("export")
def exports() -> None:
    """Give data to other tools."""


@exports.command()
@click.argument("case_id", metavar="ID")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def instance(settings: Settings, case_id: str, out: Path) -> None:
    """Write the evidence pack of the case ID to the file OUT."""
    from webapp.evidence import export

    with opened(settings) as application, whole(out) as draft, draft.open("wb") as file:
        written = export(application, SYSTEM, case_id, file)
    click.echo(f"{written} entries in {out}. Verify it with: obieg verify {out}", err=True)


@exports.command()
@click.option("--format", "kind", type=click.Choice(["xes", "ocel"]), required=True, help="XES, or OCEL 2.0 as JSON.")
@click.option("--process", "definition_key", help="Only the cases of this process.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def log(settings: Settings, kind: str, definition_key: str | None, out: Path) -> None:
    """Write the event log of all cases to the file OUT."""
    from audit.evidence import ExportLog
    from engine.exports import write_ocel, write_xes

    write = write_xes if kind == "xes" else write_ocel
    with (
        opened(settings) as application,
        application.units.reading(SYSTEM) as view,
        progress_bar("Cases") as progress,
        whole(out) as draft,
        draft.open("w", encoding="utf-8") as file,
    ):
        what = f"{kind} of {definition_key or 'all processes'}"
        application.executor.execute(ExportLog(what=what), actor=SYSTEM)
        written = write(view, file, progress, definition_key=definition_key)
    click.echo(f"{written} events in {out}.", err=True)
