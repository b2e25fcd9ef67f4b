"""The command line `obieg`."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any, NoReturn

import click

from core.errors import DomainError
from core.loading import loading
from core.settings import Settings, SettingsError

FINDINGS = 1  # exit code: findings, or expectations that failed
ENVIRONMENT = 2  # exit code: wrong usage, or something that the command needs is not there

COMMANDS = {  # name: module and attribute; a command's module is loaded when the command is asked for
    "audit": "webapp.cli.audit:audit",
    "bench": "webapp.cli.bench:bench",
    "check": "webapp.cli.models:check",
    "clock": "webapp.cli.serve:clock",
    "db": "webapp.cli.database:database",
    "decide": "webapp.cli.feel:decide",
    "demo": "webapp.cli.demo:demo",
    "deploy": "webapp.cli.models:deploy",
    "documents": "webapp.cli.documents:documents",
    "dunning": "webapp.cli.dunning:dunning",
    "export": "webapp.cli.exports:exports",
    "feel": "webapp.cli.feel:feel",
    "import": "webapp.cli.imports:imports",
    "migrate": "webapp.cli.accounts:migrate",
    "migrate-instances": "webapp.cli.migrations:migrate_instances",
    "records": "webapp.cli.records:records",
    "search": "webapp.cli.search:search",
    "serve": "webapp.cli.serve:serve",
    "test": "webapp.cli.scenarios:test",
    "token": "webapp.cli.accounts:token",
    "user": "webapp.cli.accounts:user",
    "verify": "webapp.cli.audit:verify",
    "web": "webapp.cli.serve:web",
    "worker": "webapp.cli.serve:worker",
}
SUMMARIES = {
    "audit": "Verify the trail.",
    "bench": "Measure: complete, http, inbox, …",
    "check": "Check diagrams, decisions, forms, scenarios and packages.",
    "clock": "Tick: look for what is due.",
    "db": "Database roles.",
    "decide": "Evaluate a decision of a DMN file.",
    "demo": "Prepare an instance with sample data and serve it.",
    "deploy": "Deploy files or packages, all of them or none.",
    "documents": "Take over documents from folders, and read documents again.",
    "dunning": "Start the dunning of overdue invoices, print its letters.",
    "export": "Give evidence packs and the event log to others.",
    "feel": "Evaluate a FEEL expression.",
    "import": "Take over data from elsewhere.",
    "migrate": "Bring the schema up to date.",
    "migrate-instances": "Take running instances to another version of their process.",
    "records": "Retention: what is due, computing it anew.",
    "search": "Look after the index of the search box.",
    "serve": "Serve all parts from one process.",
    "test": "Run scenarios.",
    "token": "Tokens of programs.",
    "user": "Accounts of people.",
    "verify": "Check an evidence pack offline.",
    "web": "Serve pages and API.",
    "worker": "Run jobs.",
}


class Lazy(click.Group):
    """A group whose commands are imported one at a time, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        with loading():
            command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in sorted(COMMANDS)])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="obieg", prog_name="obieg")
@click.pass_context
def cli(context: click.Context) -> None:
    """Obieg: workflow-driven document management and cases with a provable trail."""
    context.obj = Settings.from_environment(os.environ)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    try:
        code = cli.main(arguments, prog_name="obieg", standalone_mode=False)
    except click.exceptions.Exit as leave:
        code = leave.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        code = 130
    except SettingsError as error:
        code = _refused(str(error))
    except DomainError as error:
        code = _domain(error)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception:  # noqa: BLE001 -- the outermost frame: a surprise is no finding, so its exit code differs
        traceback.print_exc()
        code = _refused("This is a fault of Obieg, not of what you did. Please report the lines above.")
    sys.exit(code if isinstance(code, int) else 0)


def _refused(sentence: str) -> int:
    click.echo(sentence, err=True)
    return ENVIRONMENT


def _domain(error: DomainError) -> int:
    findings = error.details.get("findings")
    if findings:
        for finding in findings:
            click.echo(finding_line(finding), err=True)
        click.echo(error.sentence, err=True)
        return FINDINGS
    return _refused(error.sentence)


def finding_line(finding: dict[str, Any]) -> str:
    """A finding on one line: file, line, element, rule, severity, sentence."""
    place = ":".join(str(finding[name]) for name in ("file", "line") if finding.get(name) is not None)
    element = f" {finding['element']}" if finding.get("element") else ""
    rule = f" ({finding['rule']})" if finding.get("rule") else ""
    return f"{place}:{element} {finding.get('severity', 'error')}: {finding['sentence']}{rule}"


def print_json(value: Any) -> None:
    """One line of JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
