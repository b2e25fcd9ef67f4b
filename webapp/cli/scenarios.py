"""`obieg test`: runs the scenarios that stand beside diagrams, in memory, with a clock of their own."""

from __future__ import annotations

from pathlib import Path

import click

from engine.scenarios import Played, play
from webapp.bootstrap import load_contexts
from webapp.cli import FINDINGS, print_json

PATTERN = "*.scenario.yaml"


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object per scenario, one a line.")
@click.option("--coverage", is_flag=True, help="Name the elements and flows that no scenario came to.")
@click.pass_context
def test(context: click.Context, paths: tuple[Path, ...], as_json: bool, coverage: bool) -> None:
    """Run scenario files, or all of a folder; exit code 1 when one fails."""
    load_contexts()
    files = _files(paths)
    if not files:
        raise click.UsageError(f"There is no {PATTERN} file in {', '.join(map(str, paths))}.")
    failed = passed = 0
    for file in files:
        played = play(file)
        for result in played.results:
            failed += not result.ok
            passed += result.ok
            if as_json:
                print_json(result.to_json())
            else:
                _tell(result.name, result.failures)
        _tell_coverage(played, named=coverage, err=as_json)
    click.echo(f"{passed} passed, {failed} failed", err=as_json)
    context.exit(FINDINGS if failed else 0)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(sorted(path.rglob(PATTERN)) if path.is_dir() else [path]))
    return list(found)


def _tell(name: str, failures: list[str]) -> None:
    click.echo(f"{'FAILED' if failures else 'passed'}  {name}")
    for failure in failures:
        click.echo(f"        {failure}")


def _tell_coverage(played: Played, *, named: bool, err: bool) -> None:
    nodes, flows = played.unused()
    used = len(played.all_nodes) - len(nodes), len(played.all_flows) - len(flows)
    totals = f"{used[0]} of {len(played.all_nodes)} elements, {used[1]} of {len(played.all_flows)} flows"
    click.echo(f"{played.file}: {totals}", err=err)
    if named:
        for kind, names in (("element", nodes), ("flow", flows)):
            for name in names:
                click.echo(f"        no scenario came to {kind} {name}", err=err)
