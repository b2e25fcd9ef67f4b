"""Records: what is due when, legal holds, the rules of the schedule, and disposals."""

from flask import Response, render_template, request, url_for

from core.errors import InvalidInput
from core.records import dataclass
from documents.records import disposal_queries, holds, queries, recomputing, rules
from documents.records.disposals import ExcludeItem
from documents.records.holds import LiftHold, PlaceHold
from documents.records.queries import Month
from documents.records.recomputing import Recompute
from documents.records.rules import RetireRule, SaveRule
from documents.records.schedule import TRIGGERS
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.records import record
from webapp.pages.shell import names
from webapp.web import run, view

KINDS = (("document", "Document"), ("case", "Case"), ("crm.customer", "Customer"))
TRIGGER_WORDS = {
    "filed": "after filing",
    "filed_year": "after the end of the year of filing",
    "case_closed": "after its last case was closed",
    "field": "after a day in one of its fields",
    "forever": "for ever",
}
WIDE, HIGH, GAP = 36, 150, 6  # units of the picture: a bar with its gap, the highest bar, the gap


@dataclass(frozen=True, slots=True)
class Bar:
    """A month in the picture."""

    month: Month
    x: int
    y: int
    width: int
    height: int


@blueprint.get("/records")
def records() -> str:
    """What is due, and what will be."""
    with view() as reading:
        found = queries.due(reading, after=asked("after") or None, limit=MOST)
        overview = queries.overview(reading)
        runs = recomputing.runs(reading, limit=3)
    most = max(each.count for each in overview.months)
    return answer(
        "retention/due.html",
        "retention/due_rows.html",
        due=found,
        overview=overview,
        runs=runs,
        bars=[_bar(number, each, most) for number, each in enumerate(overview.months)],
        width=WIDE * len(overview.months),
        height=HIGH,
        tab="due",
    )


def _bar(number: int, month: Month, most: int) -> Bar:
    height = max(round(HIGH * month.count / most), 3) if month.count else 0
    return Bar(month, number * WIDE + GAP // 2, HIGH - height, WIDE - GAP, height)


@blueprint.post("/records/recompute")
def recompute_records() -> Response:
    """Compute everything anew."""
    run(Recompute(reason=request.form.get("reason", "")))
    return _again()


@blueprint.get("/records/holds")
def legal_holds() -> str:
    """Holds that stand, or were lifted."""
    lifted = asked("show") == "lifted"
    with view() as reading:
        found = holds.holds(reading, standing=not lifted, after=asked("after") or None, limit=MOST)
        places = {each.id: record(reading, each.kind, each.target) for each in found.items}
    return answer(
        "retention/holds.html",
        "retention/hold_rows.html",
        holds=found,
        places=places,
        lifted=lifted,
        names=names(),
        kinds=KINDS,
        tab="holds",
    )


@blueprint.post("/records/holds")
def place_hold() -> Response:
    """Hold something."""
    form = request.form
    name, reason = form.get("name", ""), form.get("reason", "")
    run(PlaceHold(name=name, kind=form.get("kind", ""), target=form.get("target", "").strip(), reason=reason))
    return _again()


@blueprint.post("/records/holds/<hold_id>/lift")
def lift_hold(hold_id: str) -> Response:
    """Lift a hold."""
    run(LiftHold(hold_id=hold_id, reason=request.form.get("reason", "")))
    return _again()


@blueprint.get("/records/rules")
def retention_rules() -> str:
    """The schedule."""
    with view() as reading:
        found = rules.rules(reading)
    return render_template("retention/rules.html", rules=found, tab="rules")


@blueprint.get("/records/rules/new")
@blueprint.get("/records/rules/<key>")
def retention_rule(key: str | None = None) -> str:
    """A rule to change, with what it said before; or a new one."""
    with view() as reading:
        rule = rules.rule(reading, key) if key else None
        history = rules.history(reading, key) if key else []
    return render_template(
        "retention/rule.html",
        rule=rule,
        history=history,
        names=names(),
        triggers=[(each, TRIGGER_WORDS[each]) for each in TRIGGERS],
        tab="rules",
    )


@blueprint.post("/records/rules")
def save_retention_rule() -> Response:
    """Save a rule and show the schedule."""
    form = request.form
    revision = form.get("expected", "")
    if revision and not revision.isdecimal():
        raise InvalidInput("This page is damaged; load it again.")
    command = SaveRule(
        key=form.get("key", "").strip(),
        name=form.get("name", ""),
        trigger=form.get("trigger", ""),
        period=form.get("period", "").strip() or None,
        field=form.get("field", "").strip() or None,
        document_types=tuple(form.get("document_types", "").replace(",", " ").split()),
        is_default="is_default" in form,
        authority=form.get("authority", ""),
        reason=form.get("reason", ""),
        expected=int(revision) if revision else None,
    )
    run(command)
    return Response(status=204, headers={"HX-Redirect": url_for("pages.retention_rules")})


@blueprint.post("/records/rules/<key>/retire")
def retire_retention_rule(key: str) -> Response:
    """Let a rule count no longer."""
    run(RetireRule(key=key, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Redirect": url_for("pages.retention_rules")})


@blueprint.get("/records/disposals")
def disposals() -> str:
    """Lists and their certificates."""
    with view() as reading:
        found = disposal_queries.disposals(reading, after=asked("after") or None, limit=MOST)
    following = found[-1].id if len(found) == MOST else None
    return answer(
        "retention/disposals.html",
        "retention/disposal_rows.html",
        disposals=found,
        following=following,
        names=names(),
        tab="disposals",
    )


@blueprint.get("/records/disposals/<disposal_id>")
def one_disposal(disposal_id: str) -> str:
    """A list with what became of each document."""
    after = asked("after")
    with view() as reading:
        found = disposal_queries.disposal(reading, disposal_id)
        items = disposal_queries.disposal_items(
            reading, disposal_id, after=int(after) if after.isdecimal() else 0, limit=MOST
        )
        case = record(reading, "case", found.case_id)
    return answer(
        "retention/disposal.html",
        "retention/item_rows.html",
        disposal=found,
        items=items,
        case=case,
        names=names(),
        may_exclude=found.state == "listed" and not found.signatures,
        tab="disposals",
    )


@blueprint.post("/records/disposals/<disposal_id>/exclude/<document_id>")
def exclude_item(disposal_id: str, document_id: str) -> Response:
    """Take a document off the list."""
    run(ExcludeItem(disposal_id=disposal_id, document_id=document_id, reason=request.form.get("reason", "")))
    return _again()


def _again() -> Response:
    return Response(status=204, headers={"HX-Refresh": "true"})
