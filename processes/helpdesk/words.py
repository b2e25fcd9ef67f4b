"""What customers are told when a ticket was opened, in their language."""

from crm.models import CustomerRow

CONFIRMED = {
    "pl": (
        "Dzień dobry,\n\notrzymaliśmy Twoje zgłoszenie i nadaliśmy mu numer {number}. "
        "Odpowiemy najszybciej, jak to możliwe. Stan zgłoszenia i dalszą korespondencję znajdziesz pod poniższym "
        "adresem; możesz też odpowiedzieć na tę wiadomość."
        "\n\n{company}"
    ),
    "en": (
        "Hello,\n\nwe have received your message; its number is {number}. We will answer as soon as we can. "
        "See how it stands and write more under the address below, or answer this mail.\n\n{company}"
    ),
}


def language_of(customer: CustomerRow | None) -> str:
    """Polish for customers in Poland and for whom we do not know, else English."""
    return "pl" if customer is None or customer.country == "PL" else "en"
