"""Starting a case: the processes that the reader may start."""

from collections.abc import Sequence
from dataclasses import replace

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.records import dataclass
from engine.instances import StartInstance
from engine.queries import startable
from engine.views import StartChoice
from webapp.pages.blueprint import blueprint
from webapp.pages.offers import APPROVAL, after_start
from webapp.web import run, view


@dataclass(frozen=True, slots=True)
class Choice:
    """A process to start; with an address it is started from there, because it is about something."""

    id: str
    key: str
    name: str
    version: int
    hint: str
    address: str | None
    action: str
    starts: Sequence[StartChoice] = ()


@blueprint.get("/start")
def start() -> str:
    """The processes that may be started."""
    with view() as reading:
        found = startable(reading)
    choices = [replace(_choice(each.id, each.key, each.name, each.version), starts=each.starts) for each in found]
    return render_template("start.html", processes=choices)


def _choice(definition_id: str, key: str, name: str, version: int) -> Choice:
    if key != APPROVAL:
        return Choice(definition_id, key, name, version, "Starts at once; the first task follows.", None, "Start")
    hint = "Starts from a draft offer: choose the offer, then “Start approval”."
    return Choice(definition_id, key, name, version, hint, url_for("pages.offers", state="draft"), "Choose an offer")


@blueprint.post("/start")
def start_case() -> Response:
    """Start a process that is about nothing in particular."""
    start_event = request.form.get("start_event") or None
    started = run(StartInstance(definition_key=request.form["definition_key"], start_event=start_event))
    return redirect(after_start(started.id, [task.id for task in started.tasks]))
