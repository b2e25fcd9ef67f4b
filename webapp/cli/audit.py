"""`obieg audit`: proves that the trail is as it was written and every document as it was filed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy import func, select, text

from audit.checkpoints import CheckpointFolder, Publisher
from audit.tree_check import check_log
from audit.verify import check_chains
from core.errors import DomainError
from core.identity import SYSTEM
from core.settings import Settings
from storage.models import BlobRow
from storage.unit_of_work import Reading
from webapp.bootstrap import Application, opened
from webapp.cli import FINDINGS, print_json
from webapp.cli.progress import Progress, progress_bar

UNKNOWN = text("""SELECT version.document_id, version.n, version.digest FROM document_version AS version
WHERE NOT EXISTS (SELECT FROM audit_entry AS entry WHERE entry.stream = 'document:' || version.document_id
    AND entry.type IN ('document.filed', 'document.version_added')
    AND convert_from(entry.content, 'UTF8')::jsonb -> 'data' @>
        jsonb_build_object('version', version.n, 'digest', version.digest))
ORDER BY version.document_id, version.n""")
PIECE = 1 << 20  # bytes in memory at a time


@click.group()
def audit() -> None:
    """Verify the trail."""


@audit.command("check")
@click.option("--json", "as_json", is_flag=True, help="One object with all findings.")
@click.option("--no-content", is_flag=True, help="Do not read the documents' bytes.")
@click.pass_context
def audit_check(context: click.Context, as_json: bool, no_content: bool) -> None:
    """Verify chains, log, checkpoints, and every blob's bytes against its digest; exit code 1 for findings."""
    settings: Settings = context.obj
    with opened(settings) as application, application.units.reading(SYSTEM) as view:
        with progress_bar("Chains") as progress:
            found = check_chains(view, progress)
        with progress_bar("Log") as progress:
            published = application.units.ports[Publisher]
            notes = published.all() if isinstance(published, CheckpointFolder) else ()
            found += check_log(view, notes, progress)
        findings: list[dict[str, Any]] = [
            {"stream": each.stream, "seq": each.seq, "problem": each.problem, "sentence": each.sentence}
            for each in found
        ]
        findings += _unknown_versions(view)
        if not no_content:
            with progress_bar("Documents") as progress:
                findings += _wrong_blobs(application, view, progress)
    if as_json:
        print_json({"findings": findings})
    else:
        for finding in findings:
            click.echo(finding["sentence"])
        click.echo(f"{len(findings)} findings." if findings else "Everything is as it was written.", err=True)
    context.exit(FINDINGS if findings else 0)


@click.command()
@click.argument("pack", type=click.Path(exists=True, dir_okay=False))
@click.option("--key", help="The public key of the log, as you got it elsewhere; or a file that holds it.")
@click.pass_context
def verify(context: click.Context, pack: str, key: str | None) -> None:
    """Check the evidence pack PACK offline, as the program verify.py inside it does; exit code 1 for findings."""
    from audit import verifier

    context.exit(verifier.main([pack, *(["--key", key] if key else [])]))


@audit.command("sequence")
@click.pass_obj
def audit_sequence(settings: Settings) -> None:
    """Give every committed entry its place in the log, also those that came very late; then sign it."""
    from audit.sequencer import sequence_thoroughly
    from webapp.background import sign_checkpoint

    with opened(settings) as application:
        number = sequence_thoroughly(application.database.engine)
        signed = sign_checkpoint(application)
    click.echo(f"{number} entries were added.", err=True)
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


def _unknown_versions(view: Reading) -> Iterator[dict[str, Any]]:
    """Versions of documents whose content is not the one that the trail tells of."""
    for document, n, digest in view.session.execute(UNKNOWN):
        sentence = f"Version {n} of the document {document} has the content {digest}, of which the trail knows nothing."
        yield {"stream": f"document:{document}", "seq": None, "problem": "changed", "sentence": sentence}


def _wrong_blobs(application: Application, view: Reading, progress: Progress) -> Iterator[dict[str, Any]]:
    total = view.session.scalar(select(func.coalesce(func.sum(BlobRow.size), 0))) or 0
    done = 0
    for blob in view.session.scalars(select(BlobRow).order_by(BlobRow.digest).execution_options(yield_per=500)):
        problem = _problem(application, blob.digest, blob.size)
        done += blob.size
        progress(done, total)
        if problem is not None:
            yield {"stream": f"blob:{blob.digest}", "seq": None, "problem": "content", "sentence": problem}


def _problem(application: Application, digest: str, size: int) -> str | None:
    """Read it whole, which verifies the digest; what is wrong as a sentence."""
    read = 0
    try:
        with application.blobs.open(digest) as source:
            while piece := source.read(PIECE):
                read += len(piece)
    except DomainError as error:
        return f"Blob {digest}: {error.sentence}"
    return None if read == size else f"Blob {digest} has {read} bytes; {size} were stored."
