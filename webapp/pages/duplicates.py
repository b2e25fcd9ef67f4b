"""Customers that may be the same: looked through, told apart, merged; and the report of what is missing or wrong."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm.duplicates import TellApart, duplicates
from crm.merging import MergeCustomers, UndoMerge
from crm.quality import quality
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view


@blueprint.get("/customers/duplicates")
def list_duplicates() -> str:
    """Pairs that nobody has decided on, the likest first."""
    with view() as reading:
        found = duplicates(reading, customer_id=asked("customer") or None, after=asked("after") or None)
    return render_template("customers/duplicates.html", pairs=found, customer=asked("customer"))


@blueprint.post("/customers/duplicates/<id:pair_id>/different")
def tell_apart(pair_id: str) -> Response:
    """They are two."""
    run(TellApart(pair_id=pair_id))
    return redirect(url_for("pages.list_duplicates"))


@blueprint.post("/customers/<id:customer_id>/merge")
def merge_customers(customer_id: str) -> Response:
    """Make one of two, and offer to undo it."""
    absorbed = request.form.get("absorbed_id", "")
    merged = run(MergeCustomers(kept_id=customer_id, absorbed_id=absorbed, reason=request.form.get("reason") or None))
    flash("The two are one now. What hung on the other one hangs here.")
    return redirect(url_for("pages.customer", customer_id=customer_id, merged=merged))


@blueprint.post("/customers/merges/<id:merge_id>/undo")
def undo_merge(merge_id: str) -> Response:
    """Make two of them again."""
    run(UndoMerge(merge_id=merge_id))
    flash("The merge is undone.")
    return redirect(url_for("pages.customers"))


@blueprint.get("/customers/quality")
def customer_quality() -> str:
    """What is missing or wrong, the least complete first."""
    owner = asked("owner")
    with view() as reading:
        found = quality(reading, owner=owner or None, after=asked("after") or None)
    return render_template("customers/quality.html", lines=found, owner=owner, names=names())
