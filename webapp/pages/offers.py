"""Offers: the list, one offer in any of its versions, the editor of a draft, and the way into its approval."""

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crm import offer_queries, queries
from crm.activities.queries import activity
from crm.company import company
from crm.enquiries import OfferForEnquiry
from crm.offer_queries import Offer
from crm.offers import CreateOffer, ReviseOffer
from crm.pricing.prices import quotes_for
from documents.queries import linked_documents
from engine.instances import EntityLink, StartInstance
from engine.queries import InstanceFilter, instances
from engine.views import InstanceSummary
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.offer_form import update_of
from webapp.pages.shell import names
from webapp.web import run, view

APPROVAL = "offer_approval"  # the process that an offer is approved by
MOST_CHOICES = 12  # products that the editor offers at a time


@blueprint.get("/offers")
def offers() -> str:
    """Offers, newest first."""
    with view() as reading:
        found = offer_queries.offers(reading, state=asked("state") or None, after=asked("after") or None, limit=MOST)
    return answer("offers.html", "offer_rows.html", offers=found, state=asked("state"))


@blueprint.get("/offers/<offer_id>")
def offer(offer_id: str) -> str:
    """One offer, `?version=` an older one."""
    with view() as reading:
        found = offer_queries.offer(reading, offer_id, version=request.args.get("version", type=int))
        documents = linked_documents(reading, "crm.offer", found.id)
        approval, currency = _approval_of(reading, found), company(reading).currency
    values = {"approval": approval, "documents": documents, "currency": currency, "names": names()}
    return render_template("offer.html", offer=found, **values)


def _approval_of(reading: Reading, found: Offer) -> InstanceSummary | None:
    """The approval that runs for an offer."""
    asked_for = InstanceFilter(definition_key=APPROVAL, state="running", entity="crm.offer", entity_id=found.id)
    return next(iter(instances(reading, asked_for, limit=1).items), None)


@blueprint.get("/offers/<offer_id>/edit")
def edit_offer(offer_id: str) -> str:
    """The editor of a draft."""
    with view() as reading:
        found = offer_queries.offer(reading, offer_id)
    return render_template("offer_edit.html", offer=found)


@blueprint.get("/products/choices")
@blueprint.get("/offers/<offer_id>/products/choices")
def product_choices(offer_id: str | None = None) -> str:
    """The products that fit what was typed so far, as options of a list; an offer's at its customer's prices."""
    with view() as reading:
        found = queries.products(reading, asked("q"), limit=MOST_CHOICES)
        quotes = quotes_for(reading, offer_id, found.items) if offer_id else {}
    return render_template("product_choices.html", products=found, q=asked("q"), quotes=quotes)


@blueprint.post("/offers/<offer_id>")
def save_offer(offer_id: str) -> BaseResponse:
    """Save the editor; htmx keeps what was typed when it is refused."""
    run(update_of(offer_id, request.form))
    flash("The offer is saved.")
    target = url_for("pages.offer", offer_id=offer_id)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@blueprint.post("/offers")
def create_offer() -> BaseResponse:
    """Draft an empty offer to a customer and go on to its editor."""
    created = run(CreateOffer(customer_id=request.form["customer_id"]))
    return redirect(url_for("pages.edit_offer", offer_id=created.id))


@blueprint.get("/activities/<id:activity_id>/offer")
def offer_to_begin(activity_id: str) -> str:
    """What an answer to an enquiry can begin with: the offers that its customer had, newest first."""
    with view() as reading:
        found = activity(reading, activity_id)
        earlier = offer_queries.offers(reading, customer_id=found.customer_id or "", limit=MOST_CHOICES)
        others = offer_queries.offers(reading, owner=reading.actor.id, limit=MOST_CHOICES)
    known = {each.id for each in earlier.items}
    mine = [each for each in others.items if each.id not in known]
    return render_template("offer_begin.html", activity=found, groups=(earlier.items, mine))


@blueprint.post("/activities/<id:activity_id>/offer")
def begin_offer(activity_id: str) -> BaseResponse:
    """Draft it and go on to its editor."""
    like = request.form.get("like", "").strip() or None
    made = run(OfferForEnquiry(activity_id=activity_id, like=like))
    return redirect(url_for("pages.edit_offer", offer_id=made.id))


@blueprint.post("/offers/<offer_id>/versions")
def revise_offer(offer_id: str) -> BaseResponse:
    """Open the next version for editing."""
    run(ReviseOffer(offer_id=offer_id))
    return redirect(url_for("pages.edit_offer", offer_id=offer_id))


@blueprint.post("/offers/<offer_id>/approval")
def start_approval(offer_id: str) -> BaseResponse:
    """Start the approval and go to its first task."""
    with view() as reading:
        found = offer_queries.offer(reading, offer_id)
    links = (
        EntityLink(entity="crm.offer", id=found.id),
        EntityLink(entity="crm.customer", id=found.customer_id, role="customer"),
    )
    variables = {"offer_id": found.id}
    started = run(StartInstance(definition_key=APPROVAL, business_key=found.number, variables=variables, links=links))
    return redirect(after_start(started.id, [task.id for task in started.tasks]))


def after_start(instance_id: str, task_ids: list[str]) -> str:
    """Where to go after a start: the only task, else the case."""
    if len(task_ids) == 1:
        return url_for("pages.task", task_id=task_ids[0])
    return url_for("pages.case", instance_id=instance_id)
