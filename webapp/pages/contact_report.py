"""The report on one customer: contacts in each month, and how satisfied the customer was."""

from flask import Response, url_for

from crm.customer_file.dynamics import ContactMonth, dynamics
from crm.queries import customer
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.report_frame import Chart, Column, Report, Series, period, show
from webapp.web import view

COLUMNS = (
    Column("month", "Month"),
    Column("incoming", "Came from them", "count"),
    Column("outgoing", "Came from us", "count"),
    Column("level", "Satisfaction, 1 to 5", "count"),
)


@blueprint.get("/reports/contacts")
def contact_report() -> Response | str:
    """How talk with the customer that the address names went."""
    days_of = period()
    with view() as reading:
        found = customer(reading, asked("customer"))
        months = dynamics(reading, found.id, first=days_of.first, last=days_of.last)
    report = Report(
        key="contacts",
        title=f"Contacts with {found.profile.name}",
        lead="What was held with this customer in each month, and how satisfied the customer was at its end",
        columns=COLUMNS,
        rows=[(_month(each), each.incoming, each.outgoing, each.level) for each in months] if _any(months) else (),
        charts=_charts(months),
        note="Whole months. The satisfaction is what the customer had said last by the end of the month.",
        nothing="Nothing was held with this customer in this time, and nobody asked how satisfied it is.",
    )
    back = url_for("pages.customer", customer_id=found.id)
    return show(
        report, "contact_report", period=days_of, filter_form="reports/_customer.html", customer=found, back=back
    )


def _charts(months: list[ContactMonth]) -> tuple[Chart, ...]:
    names = [_month(each) for each in months]
    contacts = (
        Series(name="came from them", values=[each.incoming for each in months], look="plain"),
        Series(name="came from us", values=[each.outgoing for each in months], look="accent"),
    )
    levels = (Series(name="satisfaction", values=[each.level for each in months], look="good"),)
    return (
        Chart(title="Contacts in each month", categories=names, series=contacts, kind="columns", is_stacked=True),
        Chart(title="Satisfaction, 1 angry to 5 delighted", categories=names, series=levels, kind="lines"),
    )


def _any(months: list[ContactMonth]) -> bool:
    return any(each.incoming or each.outgoing or each.level for each in months)


def _month(each: ContactMonth) -> str:
    return f"{each.month:%Y-%m}"
