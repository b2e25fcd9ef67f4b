"""`obieg audit`: proves that the trail is as it was written and every document as it was filed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, Any

import click

from audit.checking import check_everything
from audit.checkpoints import log_size
from audit.log import RecordCheck
from audit.places import Publishers, size_of
from audit.publishing import lost
from audit.timestamps import Roots, check_timestamps
from audit.verify import Finding
from core.errors import DomainError
from core.identity import SYSTEM
from core.settings import Settings
from storage.unit_of_work import Reading
from webapp.bootstrap import Application, opened
from webapp.cli import FINDINGS, print_json
from webapp.cli.progress import progress_bar
from webapp.described_check import check_descriptions
from webapp.document_check import check_blobs, check_content, check_versions
from webapp.grants import rights_beyond
from webapp.personal_check import check_personal

LONGEST = 1 << 20  # characters of a checkpoint


@click.group()
def audit() -> None:
    """Verify the trail."""


@audit.command("check")
@click.option("--json", "as_json", is_flag=True, help="One object with all findings.")
@click.option("--no-content", is_flag=True, help="Do not read the documents' bytes.")
@click.option(
    "--checkpoint",
    "notes",
    multiple=True,
    type=click.File(errors="replace"),
    help="A file with a checkpoint that you have kept, such as one of a mail: the log must begin with it.",
)
@click.pass_context
def audit_check(context: click.Context, as_json: bool, no_content: bool, notes: Sequence[IO[str]]) -> None:
    """Verify chains, log, checkpoints, and every blob's bytes against its digest; exit code 1 for findings."""
    settings: Settings = context.obj
    away: list[Finding] = []
    with opened(settings) as application, application.units.reading(SYSTEM) as view:
        with progress_bar("Chains and log") as progress:
            kept = (each.read(LONGEST) for each in notes)
            found = check_everything(view, chain(kept, _published(application, view, away)), progress) + away
        found += check_timestamps(view, Roots(settings.tsa_roots) if settings.tsa_roots else None)
        found += check_records(view)
        if not no_content:
            with progress_bar("Documents") as progress:
                found += check_content(view, application.blobs, progress)
            found += check_blobs(view, application.blobs)
        findings: list[dict[str, Any]] = [
            {"stream": each.stream, "seq": each.seq, "problem": each.problem, "sentence": each.sentence}
            for each in found
        ]
        told = RecordCheck(
            entries=log_size(view.session.connection()), findings=len(findings), with_content=not no_content
        )
        application.executor.execute(told, actor=SYSTEM)
        remarks = rights_beyond(application)
    if as_json:
        print_json({"findings": findings, "remarks": list(remarks)})
    else:
        for remark in remarks:
            click.echo(f"Remark: {remark} See obieg db grants.", err=True)
        for finding in findings:
            click.echo(finding["sentence"])
        click.echo(f"{len(findings)} findings." if findings else "Everything is as it was written.", err=True)
    context.exit(FINDINGS if findings else 0)


def check_records(view: Reading) -> list[Finding]:
    """What the database holds beside the trail and the blobs, compared with what was told."""
    return [*check_personal(view), *check_versions(view), *check_descriptions(view)]


@click.command()
@click.argument("pack", type=click.Path(exists=True, dir_okay=False))
@click.option("--key", help="The public key of the log, as you got it elsewhere; or a file of keys, one a line.")
@click.option("--authority", type=click.Path(), help="A file of certificates (PEM) that time-stamps are believed by.")
@click.pass_context
def verify(context: click.Context, pack: str, key: str | None, authority: str | None) -> None:
    """Check the evidence pack PACK offline, as the program verify.py inside it does; exit code 1 for findings."""
    from audit import verifier

    options = {"--key": key, "--authority": authority}
    given = [each for name, value in options.items() if value for each in (name, value)]
    context.exit(verifier.main([pack, *given]))


@audit.command("sequence")
@click.pass_obj
def audit_sequence(settings: Settings) -> None:
    """Give every committed entry its place in the log, also those that came very late; then sign and publish it."""
    from audit.sequencer import sequence_thoroughly
    from webapp.background import publish_checkpoints, sign_checkpoint

    with opened(settings) as application:
        number = sequence_thoroughly(application.database.engine)
        signed = sign_checkpoint(application)
        places = [(each.place, publish_checkpoints(application, each, now=True)) for each in _places(application)]
    click.echo(f"{number} entries were added.", err=True)
    for place, problem in places:
        click.echo(f"In {place}." if problem is None else f"Not in {place}: {problem}", err=True)
    if signed is not None:
        click.echo(signed.note, nl=False)


@audit.command("key")
@click.option("--rotate", is_flag=True, help="Sign with a new key from now on.")
@click.pass_obj
def audit_key(settings: Settings, rotate: bool) -> None:
    """Print the public keys of the log, the one that signs now last."""
    from audit.checkpoints import verifiers
    from audit.keys import RotateLogKey

    with opened(settings) as application:
        if rotate:
            application.executor.execute(RotateLogKey(), actor=SYSTEM)
        with application.database.engine.connect() as connection:
            for each in verifiers(connection):
                click.echo(each)


def _places(application: Application) -> Publishers:
    places: Publishers = application.units.ports[Publishers]
    return places


def _published(application: Application, view: Reading, away: list[Finding]) -> Iterator[str]:
    """The checkpoints of every place that can be read.

    One that cannot be is a finding, since it was not compared, and so is one that has lost what was brought there.
    """
    for each in _places(application):
        sizes = set[int | None]()
        try:
            for note in each.all():
                sizes.add(size_of(note))
                yield note
            missing = lost(view, each, sizes)
        except DomainError as error:
            sentence = f"The checkpoints in {each.place} were not compared. {error.sentence}"
            missing = Finding(stream="audit:log", seq=None, entry_id=None, problem="away", sentence=sentence)
        away += [missing] if missing is not None else []


@audit.command("erase")
@click.argument("subject")
@click.option("--reason", required=True, help="Why, such as the request of the person and its date; it stays.")
@click.pass_obj
def audit_erase(settings: Settings, subject: str, reason: str) -> None:
    """Erase personal values of SUBJECT, such as account:NAME or document:ID; the trail still verifies."""
    from audit.erasing import ErasePersonalData

    with opened(settings) as application:
        number = application.executor.execute(ErasePersonalData(subject=subject, reason=reason), actor=SYSTEM)
    click.echo(f"{number} values were erased.", err=True)
