"""Changes of many customers at once: the form with a look at what would happen, the list, and how one gets on."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import InvalidInput
from crm.custom_fields import custom_fields
from crm.customer_search import Criteria
from crm.dictionaries import dictionaries, label
from crm.mass_edits.changing import ResumeMassEdit, StartMassEdit, StopMassEdit
from crm.mass_edits.content import EDITABLE
from crm.mass_edits.queries import edited, mass_edit, mass_edits
from crm.mass_edits.undoing import UndoMassEdit
from crm.mass_edits.working import preview
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.customer_fields import SECTIONS, Input, read_inputs, read_own
from webapp.pages.customers import FILTERED, chosen_criteria
from webapp.web import application, current_actor, run, view

VERBS = {"stop": StopMassEdit, "resume": ResumeMassEdit, "undo": UndoMassEdit}
MARKS = {"changed": "mark-good", "refused": "mark-late", "kept": "mark-soon"}
TO = "to."  # before the names of new values
WHO = ("q", "filter", *FILTERED)  # by what customers are chosen, as their list is asked


@blueprint.get("/mass-edits", endpoint="mass_edits")
def list_mass_edits() -> str:
    """Mine, newest first."""
    with view() as reading:
        found = mass_edits(reading, after=asked("after") or None)
    return render_template("mass_edits/list.html", edits=found, titles=_titles(), marks=MARKS)


@blueprint.get("/mass-edits/new")
def new_mass_edit() -> str:
    """The fields that can be changed for the customers that the list shows."""
    return _form()


@blueprint.post("/mass-edits/preview")
def try_mass_edit() -> str:
    """What would happen: only that part, or the whole page with it."""
    tried, refusal = None, None
    try:
        tried = preview(application().units, current_actor(), _criteria(), _changes())
    except InvalidInput as found:
        refusal = found
    if "HX-Request" in request.headers:
        return render_template("mass_edits/_tried.html", tried=tried, refusal=refusal, titles=_titles(), marks=MARKS)
    return _form(tried=tried, refusal=refusal)


@blueprint.post("/mass-edits")
def start_mass_edit() -> BaseResponse:
    """Start, or show the form again with what is wrong."""
    try:
        made = run(StartMassEdit(criteria=_criteria(), changes=_changes()))
    except InvalidInput as refusal:
        return make_response(_form(refusal=refusal), 422)
    return redirect(url_for("pages.mass_edit", edit_id=made))


@blueprint.get("/mass-edits/<id:edit_id>", endpoint="mass_edit")
def show_mass_edit(edit_id: str) -> str:
    """How it gets on; asked by its own page, only the part that changes."""
    with view() as reading:
        of = mass_edit(reading, edit_id)
        outcome = asked("outcome") or ("kept" if of.state == "undone" else "refused")
        rows = edited(reading, edit_id, outcome=outcome, after=int(asked("after") or 0))
    name = "mass_edits/_progress.html" if "HX-Request" in request.headers else "mass_edits/one.html"
    return render_template(name, of=of, rows=rows, outcome=outcome, titles=_titles(), marks=MARKS)


@blueprint.post("/mass-edits/<id:edit_id>/<any(stop, resume, undo):verb>")
def hold_mass_edit(edit_id: str, verb: str) -> BaseResponse:
    """Leave the rest, go on, or take it back."""
    run(VERBS[verb](edit_id=edit_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


def _form(**more: Any) -> str:
    with view() as reading:
        own = [each for each in custom_fields(reading, "crm.customer") if not each.is_retired]
        options = {
            each.key: [(value.code, label(value.labels, "en", value.code), value.is_retired) for value in each.values]
            for each in dictionaries(reading)
        }
        who = {name: request.values[name] for name in WHO if request.values.get(name)}
        values = {"own": own, "options": options, "who": who, "said": _said(reading, who), "inputs": _inputs()}
    given = {"tried": None, "refusal": None, "titles": _titles(), "marks": MARKS, "chosen": request.form.getlist("set")}
    return render_template("mass_edits/new.html", form=_given(), **values, **given | more)


def _said(reading: Reading, who: dict[str, str]) -> str:
    """Who is chosen, in words."""
    kept = chosen_criteria(reading, request.values)[1]
    titles = {"q": "Word", "city": "City", **_titles()}
    parts = [f"{titles.get(name, name)}: {value}" for name, value in who.items() if name != "filter"]
    return ", ".join([f"filter “{kept}”"] if kept else parts) or "all customers"


def _criteria() -> Criteria:
    with view() as reading:
        return chosen_criteria(reading, request.form)[0]


def _inputs() -> list[Input]:
    """The fields that may be changed, without those that the actor may not see."""
    may = current_actor().may
    seen = [section for section in SECTIONS if not section.right or may(section.right)]
    return [each for section in seen for each in section.inputs if each.name in EDITABLE]


def _titles() -> dict[str, str]:
    return {each.name: each.label for section in SECTIONS for each in section.inputs}


def _given() -> MultiDict[str, str]:
    """The new values; without the prefix that tells them from what customers are chosen by."""
    named = ((name.removeprefix(TO), text) for name, text in request.form.items(multi=True) if name.startswith(TO))
    return MultiDict(named)


def _changes() -> dict[str, Any]:
    """The fields that were ticked, as they were typed. Raises `WrongFields`."""
    chosen = set(request.form.getlist("set"))
    inputs = [each for each in _inputs() if each.name in chosen]
    given = _given()
    found = read_inputs(inputs, given)
    found |= {each.name: given.get(each.name) == "yes" for each in inputs if each.kind == "flag"}
    with view() as reading:
        own = [each for each in custom_fields(reading, "crm.customer") if f"custom.{each.key}" in chosen]
    if own:
        typed = read_own(given, own)
        found["custom"] = {each.key: typed.get(each.key) for each in own}
    return found
