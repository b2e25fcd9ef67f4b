"""`obieg test`: runs the scenarios that stand beside diagrams, in memory, with a clock of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from engine.coverage import ProcessCoverage, coverage_of
from engine.scenarios import Played, ScenarioRefused, ScenarioResult, play
from webapp.bootstrap import load_contexts
from webapp.cli import FINDINGS, finding_line, print_json
from webapp.cli.models import check_regular

PATTERN = "*.scenario.yaml"


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object per scenario, one a line.")
@click.option("--coverage", is_flag=True, help="Name the elements and flows that no scenario came to.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the coverage into this file, with the diagrams.",
)
@click.pass_context
def test(context: click.Context, paths: tuple[Path, ...], as_json: bool, coverage: bool, html: Path | None) -> None:
    """Run scenario files, or all of a folder; exit code 1 when one fails or is refused."""
    load_contexts()
    files = _files(paths)
    if not files:
        raise click.UsageError(f"There is no {PATTERN} file in {', '.join(map(str, paths))}.")
    played = [each for file in files if (each := _play(file, told=not as_json)) is not None]
    covered = coverage_of(played)
    if as_json:
        _print(played, covered if coverage else [])
    failed = sum(not result.ok for each in played for result in each.results)
    passed = sum(result.ok for each in played for result in each.results)
    for entry in covered:
        _tell_coverage(entry, named=coverage, err=as_json)
    if html is not None:
        _write(html, covered)
    refused = len(files) - len(played)
    more = f", {refused} {'file' if refused == 1 else 'files'} refused" if refused else ""
    click.echo(f"{passed} passed, {failed} failed{more}", err=as_json)
    context.exit(FINDINGS if failed or refused else 0)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(each for each in path.rglob(PATTERN) if not each.is_dir()) if path.is_dir() else [path]
        found.update(dict.fromkeys(inside))
    for each in found:
        check_regular(each)
    return list(found)


def _play(file: Path, *, told: bool) -> Played | None:
    """What came of a file; None for one that is refused: it says why, and the other files have their turn."""
    try:
        played = play(file)
    except ScenarioRefused as error:
        _tell_refusal(file, [finding_line(finding) for finding in error.details["findings"]], told=told)
        return None
    for result in played.results if told else ():
        click.echo(f"{'passed' if result.ok else 'FAILED'}  {result.name}")
        for failure in result.failures:
            click.echo(f"        {failure}")
    return played


def _tell_refusal(file: Path, reasons: list[str], *, told: bool) -> None:
    if not told:
        print_json(ScenarioResult(name="", file=file.name, ok=False, failures=reasons, state="refused").to_json())
        return
    click.echo(f"REFUSED {file}")
    for reason in reasons:
        click.echo(f"        {reason}")


def _print(played: Sequence[Played], covered: Sequence[ProcessCoverage]) -> None:
    of = {(entry.diagram.resolve(), entry.process.id): entry for entry in covered}
    for each in played:
        entry = of.get((each.diagram.resolve(), each.process.id))
        more = {} if entry is None else {"coverage": entry.to_json()}
        for result in each.results:
            print_json(result.to_json() | more)


def _tell_coverage(entry: ProcessCoverage, *, named: bool, err: bool) -> None:
    nodes = f"{len(entry.nodes)} of {len(entry.all_nodes)} elements"
    flows = f"{len(entry.flows)} of {len(entry.all_flows)} flows"
    click.echo(f"{entry.process.id}: {nodes}, {flows} ({entry.percent} %)", err=err)
    if named:
        for node in entry.missed_nodes:
            click.echo(f"        no scenario came to element {node.id}", err=err)
        for flow, source, target in entry.missed_flows:
            click.echo(f"        no scenario came to flow {flow} ({source.id} to {target.id})", err=err)


def _write(path: Path, covered: Sequence[ProcessCoverage]) -> None:
    from webapp.cli.coverage_page import page

    try:
        path.write_text(page(covered), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"The report is in {path}.", err=True)
