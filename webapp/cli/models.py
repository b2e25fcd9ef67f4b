"""`obieg check` and `obieg deploy`: diagrams, decisions and forms, from files, folders and packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from core.identity import SYSTEM
from core.settings import Settings
from engine.bpmn import Finding, Findings, Known
from engine.definitions import TEMPLATES, DeployDefinitions, DeployedDefinition, DeploymentFile, check_files
from engine.handlers import HANDLERS
from engine.scenarios import check_beside
from webapp.bootstrap import load_contexts, opened
from webapp.cli import FINDINGS, finding_line, print_json

KINDS = (".bpmn", ".dmn", ".form", *TEMPLATES)
SCENARIO = ".scenario.yaml"
PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


def files_of(paths: tuple[Path, ...], kinds: tuple[str, ...] = KINDS) -> tuple[DeploymentFile, ...]:
    """The files of these kinds in files and folders, each once, in a stable order."""
    found: dict[Path, Path] = {}  # each file once, by the name under which it was found first
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if _belongs(each, kinds)) if path.is_dir() else [path]
        for each in inside:
            found.setdefault(each.resolve(), each)
    if not found:
        raise click.UsageError(f"There is no {', '.join(kinds)} file in {', '.join(map(str, paths))}.")
    return tuple(DeploymentFile(name=_shown(path), content=_content(given)) for path, given in found.items())


def _belongs(path: Path, kinds: tuple[str, ...]) -> bool:
    """Whether something in a folder is a file that is meant: of documents only those in a folder `templates`."""
    name = path.name.lower()
    if path.is_dir():
        return False
    return name.endswith(kinds) and (path.parent.name == "templates" or not name.endswith(TEMPLATES))


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _content(path: Path) -> bytes:
    check_regular(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}.") from error


def check_regular(path: Path) -> None:
    """Raises `UsageError` for a pipe or a device, which could keep us waiting for ever."""
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{path} cannot be read: it is no regular file.")


@click.command()
@PATHS
@click.option("--dry-run", is_flag=True, help="Check against what is deployed, change nothing.")
@click.pass_obj
def deploy(settings: Settings, paths: tuple[Path, ...], dry_run: bool) -> None:
    """Deploy files, folders or packages: all of it, or nothing."""
    command = DeployDefinitions(files=files_of(paths), dry_run=dry_run)
    with opened(settings) as application:
        done: tuple[DeployedDefinition, ...] = application.executor.execute(command, actor=SYSTEM)
    for each in done:
        click.echo(f"{each.kind:9} {each.key:32} version {each.version}  {each.id}")
        for remark in each.remarks:
            click.echo(f"{each.key}: {remark}", err=True)
    if dry_run:
        click.echo("Nothing was deployed: this was a dry run.", err=True)


@click.command()
@PATHS
@click.option("--json", "as_json", is_flag=True, help="One object with all findings.")
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check files, folders and packages without a database; exit code 1 when something is wrong."""
    load_contexts()
    found_files = files_of(paths, (*KINDS, SCENARIO))
    files = tuple(file for file in found_files if not file.name.lower().endswith(SCENARIO))
    forms = frozenset[str]() if any(file.name.lower().endswith(".form") for file in files) else None
    known = Known(handlers=HANDLERS.names(), deferred=HANDLERS.deferred_names(), forms=forms, processes=frozenset())
    _, found = check_files(files, known)
    for file in found_files:
        if file.name.lower().endswith(SCENARIO):
            found += _renamed(check_beside(Path(file.name), file.content), file.name)
    findings = [each.to_json() for each in found]
    if as_json:
        print_json({"findings": findings})
    else:
        for finding in findings:
            click.echo(finding_line(finding))
        errors = sum(finding["severity"] == "error" for finding in findings)
        click.echo(f"{errors} errors, {len(findings) - errors} warnings", err=True)
    context.exit(FINDINGS if any(finding["severity"] == "error" for finding in findings) else 0)


def _renamed(found: Findings, name: str) -> list[Finding]:
    """The findings under the name by which the user knows the file."""
    return [replace(each, file=name) if each.file == Path(name).name else each for each in found]
