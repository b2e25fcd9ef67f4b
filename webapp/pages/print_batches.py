"""Letters to print: what waits, the batches, their pages, posting books and labels."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from crm.outbox.batches import MakeBatch, PostBatch, PrintAgain, batch, batches, waiting
from crm.outbox.words import CANCELLED
from webapp.pages.blueprint import blueprint
from webapp.web import run, view

MARKS = {"making": "mark-live", "printed": "mark-soon", "posted": "mark-good", "failed": "mark-late"}


@blueprint.get("/outbox/letters")
def print_batches() -> str:
    """What waits, and the batches, newest first."""
    with view() as reading:
        values = {"waiting": waiting(reading), "batches": batches(reading)}
    return render_template("outbox/batches.html", marks=MARKS, **values)


@blueprint.get("/outbox/letters/<id:batch_id>")
def print_batch(batch_id: str) -> str:
    """One batch with its letters in postal order."""
    with view() as reading:
        found, letters = batch(reading, batch_id)
    taken_out = [each for each in letters if each.state == CANCELLED]
    return render_template("outbox/batch.html", batch=found, letters=letters, taken_out=taken_out, marks=MARKS)


@blueprint.post("/outbox/letters")
def make_batch() -> Response:
    """Put together what waits."""
    made = run(MakeBatch())
    return redirect(url_for("pages.print_batch", batch_id=made))


@blueprint.post("/outbox/letters/<id:batch_id>/<any(again, posted):step>")
def act_on_batch(batch_id: str, step: str) -> Response:
    """Print it again, or note that the post has it."""
    if step == "again":
        run(PrintAgain(batch_id=batch_id))
        flash("The pages are made once more; they are marked as a reprint.")
    elif posted := run(PostBatch(batch_id=batch_id)):
        flash(f"{posted} {'letter is' if posted == 1 else 'letters are'} noted as posted.")
    else:
        flash("Nothing was noted as posted. Take out what is named below, then say again that the post has the rest.")
    return redirect(url_for("pages.print_batch", batch_id=batch_id))
