"""`obieg import`: taking over data from elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from core.identity import SYSTEM
from core.settings import Settings
from webapp.bootstrap import opened
from webapp.cli.progress import progress_bar


@click.group("import")
def imports() -> None:
    """Take over data from elsewhere."""


@imports.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--map",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Which table and column is what; the mapping of the Northwind sample where nothing is said.",
)
@click.pass_obj
def northwind(settings: Settings, file: Path, mapping_file: Path | None) -> None:
    """Import a trading firm out of SQLite: customers, products and orders; the Northwind sample as it is."""
    from crm.northwind import import_northwind
    from crm.table_mappings import mapping_of

    mapping = mapping_of(mapping_file.read_text(encoding="utf-8")) if mapping_file else None
    with opened(settings) as application, progress_bar("Importing") as progress:
        added = import_northwind(application.executor, file, actor=SYSTEM, progress=progress, mapping=mapping)
    click.echo(
        f"Added {added.customers} customers, {added.products} products, {added.orders} orders with {added.lines} lines."
    )
