"""Segments: the list with the nine cells, one with its members, and the forms that define and fill them."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from audit.giving import GiveOut
from core.errors import Conflict, InvalidInput
from crm.access import FINANCIAL
from crm.classes import ABC, XYZ, matrix
from crm.customer_search import Condition, Criteria, criteria_of
from crm.errors import CustomerNotFound, WrongFields
from crm.queries import customer
from crm.sales.access import EDITORS
from crm.segments import queries
from crm.segments.defining import ChangeSegment, CreateSegment, PickMembers, RemoveMembers, TakeSnapshot
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view

ROWS = 6  # conditions that the form offers
PAGE = 200  # members that are read at a time for a file
FIELDS = (  # field, how a person calls it
    ("text", "Any word"),
    ("name", "Name begins with"),
    ("city", "City"),
    ("country", "Country"),
    ("region", "Region"),
    ("industry", "Industry"),
    ("customer_kind", "Kind of customer"),
    ("value_class", "Value class"),
    ("reliability", "Reliability"),
    ("abc_class", "Class as entered"),
    ("abc_xyz", "ABC and XYZ, such as AX"),
    ("key_account", "Key account"),
    ("owner", "Owner"),
    ("ad_source", "Where they heard of us"),
    ("contacted_within_days", "Contact within days"),
    ("not_contacted_for_days", "No contact for days"),
    ("had_contact_by", "Contact by method"),
    ("bought_within_days", "Bought within days"),
    ("not_bought_for_days", "Nothing bought for days"),
    ("bought_product", "Bought the article"),
    ("bought_category", "Bought of the category"),
    ("ordered_in_a_year", "Ordered in a year at least"),
    ("segment", "In the segment (id)"),
    ("created_since", "Customer since"),
    ("contact.role", "Person’s role"),
    ("contact.job_title", "Person’s position has"),
    ("contact.has_email", "Person has an e-mail"),
    ("contact.interest", "Person’s interest"),
    ("contact.birth_month", "Person’s month of birth"),
)
YES = ("key_account", "no_sms", "contact.has_email", "contact.is_active")


@blueprint.get("/segments")
def segments() -> str:
    """All segments, and how many customers are in each of the nine cells."""
    with view() as reading:
        found = queries.segments(reading)
        may = any(reading.actor.may(right) for right in (FINANCIAL, *EDITORS))
        cells = matrix(reading) if may else None
    counted = {(each.abc, each.xyz): each for each in cells.cells} if cells else {}
    return render_template("segments/list.html", segments=found, cells=cells, counted=counted, abc=ABC, xyz=XYZ)


@blueprint.get("/segments/new")
def new_segment() -> str:
    """An empty form; a cell of the matrix comes as its first condition."""
    conditions = [Condition(field="abc_xyz", value=asked("cell"))] if asked("cell") else []
    given = {"name": f"Class {asked('cell')}" if asked("cell") else "", "kind": "rule", "subject": "customer"}
    with view() as reading:
        return _form(reading, given, Criteria(conditions=tuple(conditions)))


@blueprint.post("/segments")
def create_segment() -> BaseResponse:
    """Define it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    criteria = _criteria() if given.get("kind") == "rule" else Criteria()
    command = CreateSegment(
        name=given.get("name", ""),
        kind=given.get("kind", ""),
        subject=given.get("subject", ""),
        criteria=criteria,
        description=given.get("description") or None,
        parent_id=given.get("parent_id") or None,
    )
    try:
        made = run(command)
    except (Conflict, InvalidInput) as refusal:
        return _again(given, criteria, refusal)
    return redirect(url_for("pages.segment", segment_id=made))


@blueprint.get("/segments/<id:segment_id>")
def segment(segment_id: str) -> str:
    """One with its members, what was written down of it, and what it shares with another."""
    with view() as reading:
        return _page(reading, segment_id)


@blueprint.get("/segments/<id:segment_id>/edit")
def edit_segment(segment_id: str) -> str:
    """The form of a segment."""
    with view() as reading:
        found = queries.segment(reading, segment_id)
        given = {name: getattr(found, name) or "" for name in ("name", "kind", "subject", "description", "parent_id")}
        return _form(reading, given, criteria_of(found.criteria), found=found)


@blueprint.post("/segments/<id:segment_id>/edit")
def save_segment(segment_id: str) -> BaseResponse:
    """Change it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    with view() as reading:
        found = queries.segment(reading, segment_id)
    criteria = _criteria() if found.kind == "rule" else Criteria()
    changes = {
        "name": given.get("name", ""),
        "description": given.get("description") or None,
        "parent_id": given.get("parent_id") or None,
        "criteria": criteria,
        "is_retired": "is_retired" in request.form,
    }
    version = int(given.get("expected_version") or 0) or None
    try:
        run(ChangeSegment(segment_id=segment_id, changes=changes, expected_version=version))
    except (Conflict, InvalidInput) as refusal:
        return _again(given, criteria, refusal, found=found)
    return redirect(url_for("pages.segment", segment_id=segment_id))


@blueprint.post("/segments/<id:segment_id>/members")
def pick_member(segment_id: str) -> BaseResponse:
    """Pick customers by number, or people by id, into a group; or take one out."""
    given = request.form
    try:
        if given.get("remove"):
            run(RemoveMembers(segment_id=segment_id, ids=(given["remove"],)))
        else:
            run(PickMembers(segment_id=segment_id, ids=_picked(segment_id, given.get("picked", ""))))
    except (Conflict, InvalidInput) as refusal:
        return _refused(segment_id, refusal)
    return redirect(url_for("pages.segment", segment_id=segment_id))


@blueprint.post("/segments/<id:segment_id>/snapshots")
def take_snapshot(segment_id: str) -> BaseResponse:
    """Write down who is in it."""
    try:
        run(TakeSnapshot(segment_id=segment_id, reason=request.form.get("reason", "")))
    except InvalidInput as refusal:
        return _refused(segment_id, refusal)
    return redirect(url_for("pages.segment", segment_id=segment_id))


@blueprint.get("/segments/<id:segment_id>/members.csv")
def segment_file(segment_id: str) -> BaseResponse:
    """All members as a file for a table program."""
    written = io.StringIO()
    table = csv.writer(written, delimiter=";", lineterminator="\r\n")
    table.writerow(("number", "name", "customer", "email"))
    after: str | None = None
    rows = 0
    with view() as reading:
        while True:
            page = queries.members(reading, segment_id, after=after, limit=PAGE)
            table.writerows(
                [_harmless(each.number), _harmless(each.name), _harmless(each.customer_name), _harmless(each.email)]
                for each in page.items
            )
            rows += len(page.items)
            after = page.next
            if after is None:
                break
    run(GiveOut(what="segment", form="csv", subject=segment_id, rows=rows))
    headers = {"Content-Disposition": 'attachment; filename="segment.csv"', "X-Content-Type-Options": "nosniff"}
    return Response("\ufeff" + written.getvalue(), mimetype="text/csv", headers=headers)


def _harmless(text: str | None) -> str:
    """A cell that a table program does not take for a formula."""
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text or ""


def _picked(segment_id: str, text: str) -> tuple[str, ...]:
    """The ids of what was typed, separated by commas, spaces or lines. Raises `WrongFields`."""
    typed = text.replace(",", " ").split()
    with view() as reading:
        if queries.segment(reading, segment_id).subject != "customer":
            return tuple(typed)
        found = []
        for each in typed:
            try:
                found.append(customer(reading, each).id)
            except CustomerNotFound as error:
                raise WrongFields({"/picked": error.sentence}) from error
    return tuple(found)


def _criteria() -> Criteria:
    rows = zip(request.form.getlist("field"), request.form.getlist("is"), request.form.getlist("value"), strict=False)
    conditions = tuple(
        Condition(field=field, value=_value(field, value.strip()), is_not=how == "not")
        for field, how, value in rows
        if field and (value.strip() or field in YES)
    )
    return Criteria(conditions=conditions, any_of_them=request.form.get("any") == "any")


def _value(field: str, value: str) -> Any:
    return value.lower() not in ("no", "nie", "0", "false") if field in YES else value


def _page(reading: Reading, segment_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    found = queries.segment(reading, segment_id)
    others = [each for each in queries.segments(reading) if each.id != segment_id]
    other = next((each for each in others if each.id == asked("other")), None)
    return render_template(
        "segments/segment.html",
        segment=found,
        members=queries.members(reading, segment_id, after=asked("after") or None, limit=MOST),
        snapshots=queries.snapshots(reading, segment_id),
        others=others,
        other=other,
        shared=queries.overlap(reading, segment_id, other.id) if other else None,
        labels=dict(FIELDS),
        criteria=criteria_of(found.criteria),
        refusal=refusal,
        names=names(),
    )


def _refused(segment_id: str, refusal: Conflict | InvalidInput) -> BaseResponse:
    with view() as reading:
        page = _page(reading, segment_id, refusal)
    return make_response(page, 409 if isinstance(refusal, Conflict) else 422)


def _again(
    given: dict[str, Any], criteria: Criteria, refusal: Conflict | InvalidInput, *, found: queries.Segment | None = None
) -> BaseResponse:
    with view() as reading:
        page = _form(reading, given, criteria, found=found, refusal=refusal)
    return make_response(page, 409 if isinstance(refusal, Conflict) else 422)


def _form(
    reading: Reading,
    given: dict[str, Any],
    criteria: Criteria,
    *,
    found: queries.Segment | None = None,
    refusal: Conflict | InvalidInput | None = None,
) -> str:
    typed = list(criteria.conditions)
    rows = [*typed, *([None] * max(ROWS - len(typed), 1))]
    faults = refusal.details.get("fields") or {} if refusal else {}
    parents = [each for each in queries.segments(reading) if each.id != (found.id if found else "")]
    return render_template(
        "segments/edit.html",
        given=given,
        rows=rows,
        any_of_them=criteria.any_of_them,
        groups=len(criteria.groups),
        fields=FIELDS,
        parents=parents,
        segment=found,
        faults=faults,
        refusal=refusal,
    )
