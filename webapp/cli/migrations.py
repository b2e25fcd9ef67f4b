"""`obieg migrate-instances`: running instances go on in another version of their process."""

from __future__ import annotations

from collections.abc import Iterator

import click

from core.identity import SYSTEM
from core.settings import Settings
from engine.migration import queries
from engine.migration.batches import StartMigration, work_off
from engine.migration.queries import RehearsedInstance
from webapp.bootstrap import Application, opened
from webapp.cli import FINDINGS
from webapp.cli.progress import progress_bar

PAGE = 200  # instances of a rehearsal that are read at a time


@click.command("migrate-instances")
@click.argument("before_id", metavar="BEFORE")
@click.argument("after_id", metavar="AFTER")
@click.option("--map", "maps", multiple=True, metavar="OLD=NEW", help="Element or flow that takes over; repeatable.")
@click.option("--leave-out", multiple=True, metavar="OLD", help="An armed event whose wait is given up; repeatable.")
@click.option("--instance", "instance_ids", multiple=True, metavar="ID", help="Only this instance; repeatable.")
@click.option("--reason", default="", help="Why; it stays in the trail.")
@click.option("--restart-timers", is_flag=True, help="Count running timers anew from the new diagram.")
@click.option("--dry-run", is_flag=True, help="Say what would come of each instance, change nothing.")
@click.pass_context
def migrate_instances(  # noqa: PLR0913 -- click passes each option by itself
    context: click.Context,
    *,
    before_id: str,
    after_id: str,
    maps: tuple[str, ...],
    leave_out: tuple[str, ...],
    instance_ids: tuple[str, ...],
    reason: str,
    restart_timers: bool,
    dry_run: bool,
) -> None:
    """Take the running instances of version BEFORE of a process to version AFTER: ids of definitions.

    Elements with the same id and of the same kind are mapped by themselves. An instance that cannot follow stays as
    it is; the exit code is 1 then. Stopped with Ctrl-C, a worker goes on with the rest.
    """
    settings: Settings = context.obj
    command = StartMigration(
        before_id=before_id,
        after_id=after_id,
        mapping=_mapping(maps, leave_out),
        instance_ids=instance_ids or None,
        reason=reason,
        restart_timers=restart_timers,
    )
    with opened(settings) as application:
        refused = _rehearse(application, command) if dry_run else _migrate(application, command)
    context.exit(FINDINGS if refused else 0)


def _mapping(maps: tuple[str, ...], leave_out: tuple[str, ...]) -> dict[str, str | None]:
    mapping: dict[str, str | None] = dict.fromkeys(leave_out)
    for each in maps:
        old, sign, new = each.partition("=")
        if not (old and sign and new):
            raise click.UsageError(f"--map {each}: write the old element, =, and the new one, such as check=review.")
        mapping[old] = new
    return mapping


def _rehearse(application: Application, command: StartMigration) -> int:
    """Print what would come of each instance; how many would be refused."""
    refused = 0
    for each in _rehearsed(application, command):
        if command.instance_ids is not None and each.id not in command.instance_ids:
            continue
        refused += not each.works
        ways = ", ".join(f"{old} -> {new or 'left out'}" for old, new in each.elements.items() if old != new)
        told = "; ".join(problem.sentence for problem in each.problems) or ways or "no element changes"
        click.echo(f"{each.id} {'works' if each.works else 'REFUSED'}: {told}")
    click.echo("Nothing was migrated: this was a dry run.", err=True)
    return refused


def _rehearsed(application: Application, command: StartMigration) -> Iterator[RehearsedInstance]:
    after: str | None = ""
    while after is not None:
        with application.units.reading(SYSTEM) as view:
            page = queries.rehearse(view, command.before_id, command.after_id, command.mapping, after=after, limit=PAGE)
        yield from page.items
        after = page.next


def _migrate(application: Application, command: StartMigration) -> int:
    """Do it here and now, beside the workers that have the same job; how many were refused."""
    migration_id: str = application.executor.execute(command, actor=SYSTEM)
    with progress_bar("Instances") as progress:

        def told() -> None:
            with application.units.reading(SYSTEM) as view:
                found = queries.migration(view, migration_id)
            progress(found.done + found.refused, found.done + found.refused + found.waiting)

        work_off(application.executor, migration_id, told)
    with application.units.reading(SYSTEM) as view:
        found = queries.migration(view, migration_id)
        refused = queries.refused_instances(view, migration_id, limit=500)
    for each in refused:
        click.echo(f"{each.id} REFUSED: {each.sentence}")
    click.echo(f"{found.done} migrated, {found.refused} refused, {found.waiting} left to workers.", err=True)
    return found.refused
