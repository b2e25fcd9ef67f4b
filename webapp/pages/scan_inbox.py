"""The scan inbox: what came by itself, looked at, named, linked and filed one after the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import InvalidInput
from documents import queries
from documents.document_types import document_types
from documents.intake_duplicates import same_content, sentence
from documents.intake_sorting import (
    Arrival,
    SetAside,
    SortArrival,
    arrival,
    arrivals,
    following,
    require_sorter,
    unread_mail,
)
from documents.links import DocumentLink
from documents.mail.queries import mail_of
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.link_choices import Choice, choices
from webapp.pages.records import record
from webapp.pages.shell import names
from webapp.web import run, view

LINKED = ("case", "crm.customer", "crm.offer")  # what is looked for, in this order
EACH = 4  # choices of a kind


@blueprint.get("/scan-inbox")
def scan_inbox() -> str:
    """All that waits, oldest first, and what stays in the mailbox."""
    with view() as reading:
        found = arrivals(reading, after=asked("after") or None, limit=MOST)
        unread = unread_mail(reading)
    return answer("scan_inbox.html", "scan_inbox_rows.html", arrivals=found, unread=unread)


@blueprint.get("/scan-inbox/count")
def scan_inbox_count() -> str:
    """The number beside the scan inbox in the navigation."""
    with view() as reading:
        return render_template("scan_inbox_count.html", count=arrivals(reading, limit=1).total)


@blueprint.get("/scan-inbox/targets")
def scan_inbox_targets() -> str:
    """What fits a search for something to link to."""
    with view() as reading:
        require_sorter(reading)
        q = asked("q")
        found = [each for kind in LINKED for each in choices(reading, kind, q)[:EACH]] if q else []
    return render_template("scan_inbox_targets.html", choices=found, q=q, kinds=_kinds())


@blueprint.get("/scan-inbox/<id:document_id>")
def scan_inbox_item(document_id: str) -> str:
    """One that waits, with what helps to file it."""
    with view() as reading:
        found = arrival(reading, document_id)
        document = queries.document(reading, document_id)
        duplicates = same_content(reading, found.digest, besides=document_id)
        values: dict[str, Any] = {
            "arrival": found,
            "document": document,
            "mail": mail_of(reading, document_id),
            "above": None,
            "suggested": _suggested(reading, found),
            "types": [each for each in document_types(reading) if each.may_write(reading.actor.roles)],
            "duplicates": duplicates,
            "duplicate_sentence": sentence(duplicates) if duplicates else "",
            "total": arrivals(reading, limit=1).total,
            "next_id": following(reading, document_id),
        }
    return render_template("scan_inbox_item.html", names=names(), kinds=_kinds(), **values)


@blueprint.post("/scan-inbox/<id:document_id>/file")
def scan_inbox_file(document_id: str) -> Response:
    """File it and go on with the next one."""
    links = tuple(_links(request.form.getlist("links")))
    title = request.form.get("title", "").strip()
    run(SortArrival(document_id=document_id, title=title, type=request.form.get("type") or None, links=links))
    flash(f"“{title}” is filed.")
    return _on(document_id)


@blueprint.post("/scan-inbox/<id:document_id>/aside")
def scan_inbox_aside(document_id: str) -> Response:
    """Set it aside and go on with the next one."""
    run(SetAside(document_id=document_id, reason=request.form.get("reason", "")))
    flash("It is set aside.")
    return _on(document_id)


def _on(document_id: str) -> Response:
    with view() as reading:
        next_id = following(reading, document_id)
    where = url_for("pages.scan_inbox_item", document_id=next_id) if next_id else url_for("pages.scan_inbox")
    return Response(status=204, headers={"HX-Redirect": where})


def _links(given: Iterable[str]) -> Iterable[DocumentLink]:
    for each in dict.fromkeys(given):
        kind, _, key = each.partition(":")
        if kind not in LINKED or not key:
            raise InvalidInput("One of the things to link to is not known here.", fields={"/links": each[:100]})
        yield DocumentLink(kind=kind, id=key)


def _suggested(reading: Reading, found: Arrival) -> list[Choice]:
    """What it may belong to, as far as the reader may see it."""
    shown = ((kind, key, record(reading, kind, key)) for kind, key in found.suggested)
    return [Choice(kind, key, each.title, each.kind) for kind, key, each in shown if each is not None]


def _kinds() -> Mapping[str, str]:
    return {"case": "Case", "crm.customer": "Customer", "crm.offer": "Offer"}
