"""What people read otherwise than they usually do, for auditors: in words, with a picture and a way to the log."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from audit.reads.counting import KINDS, TIMES, USUAL
from audit.reads.looking import LookAtUnusualRead, UnusualRead, unusual_reads
from core.errors import Conflict, InvalidInput
from core.records import dataclass
from webapp.errors import status_of
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.pages.shell import names
from webapp.web import application, run, view

HEIGHT = 40  # of the picture
EVENTS = {kind: event for event, kind in KINDS.items()}
THINGS = {"documents": "documents", "customers": "customers", "files": "files with data"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One of them as people read it; `bars` are heights of the days' columns, the last one is what was unusual."""

    found: UnusualRead
    title: str
    sentence: str
    bars: tuple[int, ...]
    log: str


@blueprint.get("/unusual-reads")
def unusual() -> str:
    """Those that nobody has looked at yet, or all others."""
    return _page()


def _page(refusal: InvalidInput | Conflict | None = None) -> str:
    are_open = asked("show") != "looked"
    with view() as reading:
        found = unusual_reads(reading, are_open=are_open, after=asked("after") or None, limit=MOST)
    return render_template(
        "unusual_reads.html",
        told=[_tell(each) for each in found.items],
        next=found.next,
        are_open=are_open,
        refusal=refusal,
        given=request.form,
        height=HEIGHT,
        weeks=USUAL.days // 7,
        times=TIMES,
    )


@blueprint.post("/unusual-reads/<id:unusual_id>")
def look_at_unusual(unusual_id: str) -> Response | tuple[str, int]:
    """Say that one has looked at it, and what came of it."""
    try:
        run(LookAtUnusualRead(unusual_id=unusual_id, remark=request.form.get("remark", "")))
    except (InvalidInput, Conflict) as refusal:
        return _page(refusal), status_of(refusal)
    flash("It is marked as looked at; the log tells that, and your reason.")
    return redirect(url_for("pages.unusual"))


def _tell(found: UnusualRead) -> Told:
    zone = ZoneInfo(application().settings.time_zone)
    begun = found.hour.astimezone(zone)
    ended = begun + timedelta(hours=1)
    who, thing = names().get(found.account, found.account), THINGS[found.kind]
    when = f"on {begun:%d.%m.%Y} between {begun:%H:%M} and {ended:%H:%M}"
    usual = (
        f"the busiest hour of the four weeks before had {found.usual}"
        if found.usual
        else "there were none in the four weeks before"
    )
    title, sentence = {
        "many": (f"{who} read very many {thing}", f"{found.number} {when}; {usual}."),
        "firsts": (
            f"{who} opened very many {thing} for the first time",
            f"{found.number} that {who} had never opened before, {when}; {usual}.",
        ),
        "hour": (
            f"{who} read {thing} at an unusual hour",
            f"{found.number} {when}; within four weeks {who} never read any at this time of day.",
        ),
    }[found.reason]
    most = max(found.days) or 1
    return Told(
        found=found,
        title=title,
        sentence=sentence,
        bars=tuple(round(each / most * HEIGHT) if each else 0 for each in found.days),
        log=url_for(
            "pages.log",
            actor=found.account,
            kind=EVENTS[found.kind],
            since=f"{begun:%Y-%m-%d}",
            until=f"{begun:%Y-%m-%d}",
        ),
    )
