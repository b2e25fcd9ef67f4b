"""`obieg records`: what is due to be destroyed, and computing the schedule anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from core.identity import SYSTEM
from core.settings import Settings
from documents.records.queries import DueDocument, due
from documents.records.recomputing import Recompute, RecomputeNextBatch, run
from webapp.background import work_off_changes
from webapp.bootstrap import opened
from webapp.cli import print_json
from webapp.cli.progress import progress_bar

PAGE = 500  # documents in memory at a time


@click.group()
def records() -> None:
    """Retention of documents."""


@records.command("due")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Also what becomes due by that day (UTC).")
@click.option("--json", "as_json", is_flag=True, help="One object with all documents.")
@click.pass_obj
def records_due(settings: Settings, until: datetime | None, as_json: bool) -> None:
    """Print documents whose retention is over and that no hold covers, the longest first; destroys nothing."""
    items: list[dict[str, Any]] = []
    number, after = 0, None
    with opened(settings) as application, application.units.reading(SYSTEM) as view:
        while True:
            page = due(view, until=until.replace(tzinfo=UTC) if until else None, after=after, limit=PAGE)
            number += len(page.items)
            if as_json:
                items += [_json(each) for each in page.items]
            else:
                for each in page.items:
                    click.echo(f"{each.due_at:%Y-%m-%d}  {each.document_id}  {each.rule_key}  {each.title}")
            after = page.next
            if after is None:
                break
    if as_json:
        print_json({"due": items})
    click.echo(f"{number} documents are due.", err=True)


def _json(each: DueDocument) -> dict[str, Any]:
    return {
        "document_id": each.document_id,
        "title": each.title,
        "type": each.type,
        "due_at": each.due_at.isoformat(),
        "rule": each.rule_key,
        "because": each.because,
    }


@records.command("recompute")
@click.option("--type", "types", multiple=True, help="Only documents of this type; may be repeated.")
@click.pass_obj
def records_recompute(settings: Settings, types: tuple[str, ...]) -> None:
    """Compute for all documents until when they are kept, and work off what waits."""
    with opened(settings) as application:
        work_off_changes(application)
        order = Recompute(reason="obieg records recompute", document_types=types or None)
        run_id = application.executor.execute(order, actor=SYSTEM)
        with progress_bar("Documents") as progress:
            while application.executor.execute(RecomputeNextBatch(run_id=run_id), actor=SYSTEM):
                with application.units.reading(SYSTEM) as view:
                    found = run(view, run_id)
                progress(found.done, found.found)
        with application.units.reading(SYSTEM) as view:
            click.echo(f"{run(view, run_id).done} documents were computed.", err=True)
