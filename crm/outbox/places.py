"""What texts of messages may ask for, what it is, and an example of it."""

LINK = "link"  # filled when the message leaves, for its recipient alone
_PLACES = {
    "customer.name": ("the customer's name", "Młyn Pod Lipą sp. z o.o."),
    "customer.number": ("the customer's number", "K-00042"),
    "contact.name": ("the person's name, else the customer's", "Anna Nowak"),
    "contact.visit": ("what a link to our web site carries, so that it knows who comes", "IjAxSjZ.k3v9"),
    "company.name": ("our name", "Wzór sp. z o.o."),
    "company.address": ("our address", "ul. Długa 1, 31-000 Kraków"),
    "author.name": ("who sends it", "Jan Kos"),
    "today": ("the date", "2026-01-05"),
    "offer.number": ("the number of the offer", "O-2026-0007"),
    "offer.version": ("its version", "2"),
    "offer.gross": ("its gross value", "12345.60"),
    "offer.currency": ("its currency", "PLN"),
    "offer.valid_until": ("the last day on which it can be accepted", "2026-02-04"),
    "order.number": ("the number of the order", "Z-2026-0011"),
    "order.currency": ("its currency", "PLN"),
    "order.gross": ("its gross value", "12345.60"),
    "order.ordered_on": ("when it was placed", "2026-01-02"),
    "order.due_on": ("when it is to be delivered", "2026-01-30"),
    "invoice.number": ("the number of the invoice", "FV/2026/0003"),
    "invoice.currency": ("its currency", "PLN"),
    "invoice.gross": ("its gross value", "12345.60"),
    "invoice.balance": ("what is still to be paid", "2345.60"),
    "invoice.issued_on": ("when it was issued", "2026-01-02"),
    "invoice.due_on": ("by when it is to be paid", "2026-01-16"),
    "device.serial_number": ("the serial number of the device", "SN-2214-88"),
    "device.product": ("what it is", "Pump P-200"),
    "years": ("of birthdays and anniversaries: how many", "10"),
    LINK: ("the link by which a customer answers an offer", "https://obieg.example/answers/…"),
}
PLACES = {name: what for name, (what, _) in _PLACES.items()}
SAMPLES = {name: sample for name, (_, sample) in _PLACES.items()}
