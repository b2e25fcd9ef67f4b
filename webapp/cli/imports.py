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
@click.pass_obj
def northwind(settings: Settings, file: Path) -> None:
    """Import the Northwind sample: customers, products and orders."""
    from crm.northwind import import_northwind

    with opened(settings) as application, progress_bar("Importing") as progress:
        added = import_northwind(application.executor, file, actor=SYSTEM, progress=progress)
    click.echo(
        f"Added {added.customers} customers, {added.products} products, {added.orders} orders with {added.lines} lines."
    )
