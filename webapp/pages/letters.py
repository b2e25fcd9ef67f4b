"""Letters to many: who gets them, how a mail merge gets on, and labels for the envelopes."""

from typing import Any

from flask import Response, flash, render_template, request, url_for

from core.errors import DomainError
from crm.access import may_read
from crm.mailings.queries import reachable
from crm.outbox import words
from crm.segments.queries import Segment, segments
from documents.templates import lists, merges, registering
from documents.templates.labelling import MakeLabels
from documents.templates.labels import SHEETS
from documents.templates.lists import SaveRecipientList
from documents.templates.merging import ResumeMerge, StartMerge, StopMerge
from documents.templates.sources import chosen
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view

SHOWN = 20  # names of recipients in a trial
MOST_REMARKS = 5


@blueprint.get("/letters", endpoint="letters")
def list_merges() -> str:
    """My mail merges, and the way to labels."""
    with view() as reading:
        found = merges.merges(reading)
        usable = [each for each in registering.templates(reading) if each.kind == "crm.customer"]
    return render_template("letters.html", merges=found, templates=usable, names=names())


@blueprint.get("/letters/new")
def new_merge() -> str:
    """Choose a template and who gets it."""
    with view() as reading:
        usable = [each for each in registering.templates(reading) if each.kind == "crm.customer"]
        known = lists.recipient_lists(reading)
        groups = _segments(reading)
    return render_template("letters_new.html", templates=usable, lists=known, wanted=asked("template"), segments=groups)


@blueprint.post("/letters/recipients")
def try_recipients() -> str:
    """Who would get it."""
    try:
        with view() as reading:
            found = chosen(reading, _wanted())
            segment, purpose = request.form.get("segment", ""), request.form.get("purpose") or words.BUSINESS
            reach = reachable(reading, segment, channel=words.LETTER, purpose=purpose) if segment else None
    except DomainError as error:
        return render_template("letters_recipients.html", people=(), total=0, sentence=error.sentence)
    return render_template(
        "letters_recipients.html", people=found[:SHOWN], total=len(found), sentence=None, reach=reach
    )


@blueprint.post("/letters")
def start_merge() -> Response:
    """Have them written."""
    wanted = _wanted()
    name = request.form.get("save_as", "").strip()
    if name:
        run(SaveRecipientList(name=name, wanted=wanted))
    command = StartMerge(
        title=request.form.get("title", ""),
        template_id=request.form.get("template", ""),
        wanted=wanted,
        output="docx" if request.form.get("output") == "docx" else "pdf",
        purpose=request.form.get("purpose") or "business",
    )
    address = url_for("pages.merge", merge_id=run(command))
    return Response(status=204, headers={"HX-Redirect": address})


@blueprint.get("/letters/<merge_id>", endpoint="merge")
def show_merge(merge_id: str) -> str:
    """How it gets on; asked by its own page, only the part that changes."""
    after = int(asked("after")) if asked("after").isdigit() else 0
    with view() as reading:
        found = merges.merge(reading, merge_id)
        page = merges.letters(reading, merge_id, after=after)
    template = (
        "letter_rows.html" if after else "merge_progress.html" if "HX-Request" in request.headers else "merge.html"
    )
    return render_template(template, merge=found, letters=page, names=names())


@blueprint.post("/letters/<merge_id>/<any(stop, resume):verb>")
def hold_merge(merge_id: str, verb: str) -> Response:
    """Leave the rest for now, or go on."""
    kind = StopMerge if verb == "stop" else ResumeMerge
    run(kind(merge_id=merge_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.get("/labels")
def labels() -> str:
    """Choose a sheet and who gets a label."""
    with view() as reading:
        known = lists.recipient_lists(reading)
        groups = _segments(reading)
    return render_template("labels.html", sheets=SHEETS.values(), lists=known, segments=groups)


@blueprint.post("/labels")
def make_labels() -> Response:
    """File the sheet and show it."""
    command = MakeLabels(
        sheet=request.form.get("sheet", ""),
        title=request.form.get("title", ""),
        wanted=_wanted(),
        start=_number("start"),
        copies=_number("copies"),
        frames="frames" in request.form,
    )
    made = run(command)
    flash(f"{made.labels} labels on {made.sheets} sheets.")
    for remark in made.remarks[:MOST_REMARKS]:
        flash(remark)
    if len(made.remarks) > MOST_REMARKS:
        flash(f"And {len(made.remarks) - MOST_REMARKS} more remarks of this kind.")
    address = url_for("pages.document", document_id=made.document.id)
    return Response(status=204, headers={"HX-Redirect": address})


def _segments(reading: Reading) -> list[Segment]:
    """What can be chosen from; nothing for who may not see customers."""
    return segments(reading) if may_read(reading.actor) else []


def _number(name: str) -> int:
    text = request.form.get(name, "1")
    return int(text) if text.isascii() and text.isdigit() else 0  # 0 is refused with a sentence


def _wanted() -> dict[str, Any]:
    """Who is meant: a named list, or a search."""
    form = request.form
    if form.get("list"):
        with view() as reading:
            return lists.wanted_by(reading, form["list"])
    found: dict[str, Any] = {
        name: form[name].strip() for name in ("q", "country", "abc_class", "segment") if form.get(name, "").strip()
    }
    if "country" in found:
        found["country"] = found["country"].upper()
    return found | ({"key_account": True} if "key_account" in form else {})
