"""What is refused about orders on their way, invoices and their settlement."""

from decimal import Decimal

from core.errors import Conflict, InvalidInput, NotFound


class InvoiceNotFound(NotFound):
    """No such invoice."""

    code = "invoice_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no invoice {key}. Look it up in the list of invoices.", invoice=key)


class SettlementNotFound(NotFound):
    """No such settlement."""

    code = "settlement_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no settlement {key}. Open the invoice again.", settlement=key)


class NothingToInvoice(Conflict):
    """All of an order is invoiced already, or it is cancelled."""

    code = "nothing_to_invoice"

    def __init__(self, number: str, why: str) -> None:
        super().__init__(f"Order {number} cannot be invoiced: {why}.", order=number)


class TooMuchInvoiced(InvalidInput):
    """More is to be invoiced or credited than is left."""

    code = "too_much_invoiced"

    def __init__(self, what: str, *, wanted: str, left: str) -> None:
        super().__init__(f"{what}: {wanted} is more than the {left} that is left.", wanted=wanted, left=left)


class WrongInvoiceState(Conflict):
    """What was asked does not follow from the invoice's state."""

    code = "wrong_invoice_state"

    def __init__(self, number: str, *, state: str, wanted: str) -> None:
        super().__init__(f"Invoice {number} is {state.replace('_', ' ')}; it cannot be {wanted} now.", state=state)


class WrongOrderState(Conflict):
    """What was asked does not follow from the order's state."""

    code = "wrong_order_state"

    def __init__(self, number: str, *, state: str, wanted: str) -> None:
        told = f"Order {number} is {state.replace('_', ' ')}; it cannot become {wanted.replace('_', ' ')} now."
        super().__init__(told, state=state)


class SettlesTooMuch(InvalidInput):
    """An amount is more than is open."""

    code = "settles_too_much"

    def __init__(self, number: str, *, amount: Decimal, left: Decimal, currency: str) -> None:
        super().__init__(
            f"{amount} {currency} is more than the {left} {currency} that is open on {number}. Lower the amount.",
            amount=str(amount),
            left=str(left),
        )


class SettlementGone(Conflict):
    """A settlement was taken back already."""

    code = "settlement_undone"

    def __init__(self, number: str) -> None:
        super().__init__(f"This settlement of {number} was taken back already. Open the invoice again.")


class InvoiceNumberTaken(Conflict):
    """Another invoice has the number."""

    code = "invoice_number_taken"

    def __init__(self, number: str) -> None:
        super().__init__(f"There is an invoice {number} already. Open that one.", number=number)


class SettledByPayment(Conflict):
    """A payment settled an invoice, so it is the payment that has to be taken off."""

    code = "settled_by_payment"

    def __init__(self) -> None:
        super().__init__("A payment settled this. Take the payment off its invoices instead.")
