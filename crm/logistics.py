"""What a customer is delivered at once, and what does not fit it."""

from decimal import Decimal

from crm.models import CustomerRow
from crm.money import plain


def misfits(customer: CustomerRow, net: Decimal, currency: str) -> list[str]:
    """Why goods of a net value do not fit the customer's limits, as sentences; both are in the company's currency."""
    found, least, most = [], customer.least_order, customer.largest_order
    if least is not None and net < least:
        found.append(f"is below the smallest order of {customer.name}, {plain(least)} {currency}.")
    if most is not None and net > most:
        found.append(f"is above the largest order of {customer.name}, {plain(most)} {currency}.")
    return [f"The net value of {plain(net)} {currency} {each}" for each in found]
