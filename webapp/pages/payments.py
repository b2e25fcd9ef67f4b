"""Payments: the list of what came, the work list of what found no invoice, and one payment with proposals."""

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crm.errors import WrongFields
from crm.payments import queries
from crm.payments.allocating import STATES, MatchPayment, Portion, PutPaymentAside, UnmatchPayment
from crm.payments.importing import ImportStatements
from documents.queries import linked_documents
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.invoices import MARKS, amount_of
from webapp.pages.shell import names
from webapp.uploads import receive_small_files
from webapp.web import run, view

WORK = "unmatched"
EVERY = "all"


@blueprint.get("/payments")
def payments() -> str:
    """Payments that wait for somebody, or those of another state."""
    state = asked("state") or WORK
    with view() as reading:
        found = queries.payments(
            reading, state=None if state == EVERY else state, after=asked("after") or None, limit=MOST
        )
    values = {"state": state, "tabs": (*STATES, EVERY), "marks": MARKS}
    return answer("sales/payments.html", "sales/payment_rows.html", payments=found, **values)


@blueprint.post("/payments/statements")
def import_statements() -> BaseResponse:
    """Take in bank statements and tell what came of them."""
    files, _ = receive_small_files()
    for file in files:
        for each in run(ImportStatements(content=file.content)):
            flash(
                f"Statement {each.number} of {each.account}: {each.entries} entries, {each.posted} new, "
                f"{each.matched} matched by themselves."
            )
    target = url_for("pages.payments")
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@blueprint.get("/payments/<id:payment_id>")
def payment(payment_id: str) -> str:
    """One payment."""
    with view() as reading:
        found = queries.payment(reading, payment_id)
        documents = linked_documents(reading, "crm.payment", found.id)
    return render_template("sales/payment.html", payment=found, documents=documents, marks=MARKS, names=names())


@blueprint.post("/payments/<id:payment_id>/match")
def match_payment(payment_id: str) -> BaseResponse:
    """Settle the chosen invoices, the first one with the amount that was typed, if any."""
    chosen = request.form.getlist("invoice_id")
    if not chosen:
        raise WrongFields({"/invoice_id": "Choose at least one invoice."})
    typed = amount_of("amount")
    portions = tuple(Portion(invoice_id=each, amount=None if n else typed) for n, each in enumerate(chosen))
    run(MatchPayment(payment_id=payment_id, portions=portions, reason=request.form.get("reason") or None))
    flash("The payment is matched.")
    return redirect(url_for("pages.payment", payment_id=payment_id))


@blueprint.post("/payments/<id:payment_id>/<any(unmatch, aside):action>")
def act_on_payment(payment_id: str, action: str) -> BaseResponse:
    """Take a payment off its invoices, or put it aside."""
    reason = request.form.get("reason", "")
    if action == "unmatch":
        run(UnmatchPayment(payment_id=payment_id, reason=reason))
    else:
        run(PutPaymentAside(payment_id=payment_id, reason=reason))
    return redirect(url_for("pages.payment", payment_id=payment_id))
