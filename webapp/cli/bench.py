"""`obieg bench`: the benchmarks, each with a progress bar on a terminal and one line of JSON at the end."""

from __future__ import annotations

import importlib
import pkgutil

import click

from webapp.cli import print_json


def _names() -> list[str]:
    import benchmarks

    return sorted(each.name for each in pkgutil.iter_modules(benchmarks.__path__) if not each.name.startswith("_"))


@click.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="A short run, to see that it works.")
def bench(name: str, quick: bool) -> None:
    """Run the benchmark NAME, such as complete, http or feel."""
    if name not in _names():
        raise click.UsageError(f"There is no benchmark {name}. There are: {', '.join(_names())}.")
    module = importlib.import_module(f"benchmarks.{name}")
    print_json(module.run(quick=quick))
