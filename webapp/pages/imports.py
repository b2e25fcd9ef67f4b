"""Files of records that come in: the list, the wizard of one, how it gets on, and what was refused."""

from dataclasses import asdict
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from audit.reads.exports import may_take_out, rows_for_anybody
from crm.imports.arranging import imports, lines, mappings
from crm.imports.batches import ResumeImport, SaveMapping, StartImport, StopImport
from crm.imports.exporting import FORMATS, OrderExport, exports
from crm.imports.fields import RIGHTS
from crm.imports.reading import DELIMITERS, ENCODINGS
from crm.imports.undoing import UndoImport
from webapp.api.exports import export_response
from webapp.api.imports import rejected_response
from webapp.importing import arrange, keep, look
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.customers import FILTERED, chosen_criteria
from webapp.uploads import receive_file
from webapp.web import current_actor, run, view

MARKS = {
    "created": "mark-good",
    "updated": "mark-live",
    "duplicate": "mark-soon",
    "rejected": "mark-late",
    "kept": "mark-soon",
}
VERBS = {"stop": StopImport, "resume": ResumeImport, "undo": UndoImport}
CHOSEN_BY = ("q", "filter", "state", "customer", *FILTERED)  # as lists are asked
SWITCHES = ("updates", "skips_duplicates", "makes_customers")


@blueprint.get("/imports", endpoint="imports")
def list_imports() -> str:
    """My imports, and the way to a new one."""
    with view() as reading:
        found = imports(reading, after=asked("after") or None)
    kinds = [kind for kind, right in RIGHTS.items() if current_actor().may(right)]
    return render_template("imports/imports.html", imports=found, kinds=kinds)


@blueprint.post("/imports")
def upload_import() -> BaseResponse:
    """Keep a file and go to its wizard."""
    file = receive_file()
    made = keep(file.fields.get("kind", ""), file)
    target = url_for("pages.one_import", import_id=made)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@blueprint.get("/imports/<id:import_id>", endpoint="one_import")
def show_import(import_id: str) -> str:
    """The wizard of a draft, else how it gets on; asked by its own page, only the part that changes."""
    found = look(import_id)
    with view() as reading:
        kept = mappings(reading, found.of.kind)
        trouble = lines(reading, import_id, outcome=asked("outcome") or "rejected")
    values = {
        "looked": found,
        "of": found.of,
        "mappings": kept,
        "encodings": ENCODINGS,
        "delimiters": {each: "tab" if each == "\t" else each for each in DELIMITERS},
        "marks": MARKS,
        "rows": trouble,
    }
    if "HX-Request" in request.headers:
        return render_template("imports/_progress.html", **values)
    return render_template("imports/import.html", **values)


@blueprint.post("/imports/<id:import_id>/arrange")
def arrange_import(import_id: str) -> BaseResponse:
    """Keep how it is meant; show what would happen then, or start."""
    form = request.form
    changes: dict[str, Any] = {
        name: form[name] for name in ("encoding", "delimiter", "days", "country") if form.get(name)
    }
    changes |= {"columns": [each or None for each in form.getlist("column")]} if "column" in form else {}
    changes |= {"keys": form.getlist("key")} if "has_keys" in form else {}
    changes |= {name: name in form for name in SWITCHES} if "has_switches" in form else {}
    if form.get("mapping"):
        changes = {"mapping": form["mapping"]}
    arrange(import_id, changes)
    if form.get("name", "").strip():
        run(SaveMapping(import_id=import_id, name=form["name"]))
    if "start" in form:
        run(StartImport(import_id=import_id))
    target = url_for("pages.one_import", import_id=import_id)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@blueprint.post("/imports/<id:import_id>/<any(stop, resume, undo):verb>")
def hold_import(import_id: str, verb: str) -> BaseResponse:
    """Leave the rest, go on, or take it back."""
    run(VERBS[verb](import_id=import_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.get("/exports", endpoint="exports")
def list_exports() -> str:
    """My exports, and the way to a new one."""
    with view() as reading:
        found = exports(reading)
        kind = asked("kind")
        wanted = {name: asked(name) for name in CHOSEN_BY if kind and asked(name)}
        said = chosen_criteria(reading, request.args)[1] or ", ".join(
            f"{name} {value}" for name, value in wanted.items()
        )
        too_many = {each.id for each in found if not may_take_out(reading, each.rows)}
        rows = rows_for_anybody(reading)
    return render_template(
        "imports/exports.html",
        exports=found,
        formats=FORMATS,
        kind=kind,
        wanted=wanted,
        said=said,
        too_many=too_many,
        rows=rows,
    )


@blueprint.post("/exports")
def order_export() -> BaseResponse:
    """Have a worker write one."""
    form, _, kind = request.form.get("what", "").partition(":")
    run(OrderExport(kind=kind, format=form, wanted=_wanted(kind) if request.form.get("of") == kind else {}))
    return redirect(url_for("pages.exports"))


def _wanted(kind: str) -> dict[str, Any]:
    """Which records the list showed from which somebody came here."""
    if kind == "customers":
        with view() as reading:
            return {"criteria": asdict(chosen_criteria(reading, request.form)[0])}
    wanted: dict[str, Any] = {name: request.form[name] for name in ("state", "customer") if request.form.get(name)}
    if kind == "invoices" and wanted.get("state") == "overdue":  # a tab of the list, no state of an invoice
        wanted = {name: value for name, value in wanted.items() if name != "state"} | {"overdue": True}
    return wanted


@blueprint.get("/exports/<id:export_id>/content")
def fetch_export(export_id: str) -> Response:
    """The file."""
    return export_response(export_id)


@blueprint.get("/imports/<id:import_id>/rejected")
def rejected_rows(import_id: str) -> Response:
    """The rows that did not come in, to be corrected."""
    return rejected_response(import_id)
