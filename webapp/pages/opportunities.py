"""Opportunities: the list, and one with what is expected of it and where its case stands."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict
from crm.company import company
from crm.errors import WrongFields
from processes.sales_cycle.opportunities import STATES, UpdateOpportunity
from processes.sales_cycle.pipeline import OpportunityFilter, opportunity
from processes.sales_cycle.pipeline import opportunities as find
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

TABS = ("", *STATES)
MARKS = {"won": "mark-good", "lost": "mark-late", "open": "mark-live"}


@blueprint.get("/opportunities")
def opportunities() -> str:
    """Opportunities, newest first."""
    state = asked("state") if asked("state") in STATES else ""
    wanted = OpportunityFilter(state=state or None, owner=current_actor().id if asked("mine") else None)
    with view() as reading:
        found = find(reading, wanted, after=asked("after") or None, limit=MOST)
        currency = company(reading).currency
    values = {"found": found, "state": state, "mine": asked("mine"), "tabs": TABS, "marks": MARKS}
    return answer("sales/opportunities.html", "sales/opportunity_rows.html", currency=currency, names=names(), **values)


@blueprint.get("/opportunities/<key>", endpoint="opportunity")
def show_opportunity(key: str) -> str:
    """One opportunity, by its id, its number or its case."""
    with view() as reading:
        return _page(reading, key, {}, {}, None)


@blueprint.post("/opportunities/<key>")
def update_opportunity(key: str) -> Response | tuple[str, int]:
    """Keep what is expected, or tell what is wrong beside each field."""
    form = request.form
    names_of = ("value", "probability", "close_expected")
    given = {name: form.get(name, "").strip() for name in names_of}
    try:
        run(UpdateOpportunity(opportunity_id=key, expected_version=form.get("version", type=int), **given))
    except WrongFields as error:
        with view() as reading:
            return _page(reading, key, given, error.details["fields"], None), 422
    except Conflict as error:
        with view() as reading:
            return _page(reading, key, {}, {}, error.sentence), 409
    flash("What is expected is kept.")
    return redirect(url_for("pages.opportunity", key=key))


def _page(reading: Reading, key: str, given: dict[str, str], faults: dict[str, str], fault: str | None) -> str:
    found, currency = opportunity(reading, key), company(reading).currency
    values = {"given": given, "faults": faults, "fault": fault, "currency": currency, "marks": MARKS, "names": names()}
    return render_template("sales/opportunity.html", one=found, **values)
