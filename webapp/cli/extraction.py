"""`obieg documents extract`: reading again what was filed, after libraries were upgraded or after a trouble."""

from __future__ import annotations

from typing import Any

import click

from core.errors import Unavailable
from core.identity import SYSTEM
from core.settings import Settings
from documents.content.rereading import ask_again_for, counts
from documents.content.waiting import JOBS
from documents.content.working import Step, work_off
from webapp.bootstrap import Application, opened
from webapp.cli import FINDINGS, print_json
from webapp.cli.progress import progress_bar

ALONE = 600.0  # seconds of one turn: nobody else waits for this process


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every version, as after an upgrade of libraries.")
@click.option("--failed", is_flag=True, help="The versions that could not be read.")
@click.pass_context
def extract(context: click.Context, everything: bool, failed: bool) -> None:
    """Read the text of documents, and draw and recognise what belongs to it.

    Without an option what waits is read, such as what an interrupted run has left: Ctrl-C loses nothing. Exit code 1
    when something could not be read, which its document then says.
    """
    if everything and failed:
        raise click.UsageError("Choose --all or --failed.")
    settings: Settings = context.obj
    with opened(settings) as application:
        if everything or failed:
            with progress_bar("Versions to read") as progress:
                ask_again_for(application, failed=failed, progress=progress)
        for step in _steps():
            _work(application, step)
        with application.units.reading(SYSTEM) as view:
            found = counts(view)
        print_json(found)
        if any(each["failed"] for each in found.values()):
            context.exit(FINDINGS)


def _steps() -> list[Step[Any]]:
    from documents.content.ocr import RecogniseText
    from documents.content.previews import MakePreviews
    from documents.content.texts import ReadText

    steps: list[Step[Any]] = [ReadText(), MakePreviews(), RecogniseText()]
    assert [step.name for step in steps] == list(JOBS)
    return steps


def _work(application: Application, step: Step[Any]) -> None:
    def left() -> int:
        with application.units.reading(SYSTEM) as view:
            return counts(view)[step.name]["waiting"]

    total = left()
    with progress_bar(f"Step {step.name}") as progress:
        while waiting := left():
            progress(total - waiting, total)
            if not work_off(application, step, turn=0) and left() >= waiting:
                raise Unavailable(
                    "The blob store does not answer, or another process is reading the rest. What waits is read as "
                    "soon as the store is back; run `obieg documents extract` to do it from here."
                )
