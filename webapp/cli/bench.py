"""`obieg bench`: the benchmarks, each with a progress bar on a terminal and one line of JSON at the end."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import click

from webapp.cli import print_json


def _names() -> list[str]:
    import benchmarks

    return sorted(
        each.name.replace("_", "-")
        for each in pkgutil.iter_modules(benchmarks.__path__)
        if not each.name.startswith("_")
    )


@click.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="A short run, to see that it works.")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="A file or folder to read, for road-fines.")
def bench(name: str, *, quick: bool, data: Path | None) -> None:
    """Run the benchmark NAME, such as complete, http or feel."""
    if name not in _names():
        raise click.UsageError(f"There is no benchmark {name}. There are: {', '.join(_names())}.")
    module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
    options = {"data": data} if data else {}
    if options and "data" not in inspect.signature(module.run).parameters:
        raise click.UsageError(f"The benchmark {name} reads no data of yours. Leave --data out.")
    print_json(module.run(quick=quick, **options))
