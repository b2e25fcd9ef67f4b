"""What is refused about bank statements and payments."""

from datetime import date

from core.errors import Conflict, InvalidInput, NotFound


class StatementRefused(InvalidInput):
    """A file is no bank statement that can be read."""

    code = "statement_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"The bank statement cannot be read: {why}. Ask the bank for MT940 or CAMT.053.")


class StatementInconsistent(InvalidInput):
    """A statement's entries do not lead from its opening to its closing balance."""

    code = "statement_inconsistent"

    def __init__(self, number: str, *, opening: str, entries: str, closing: str) -> None:
        super().__init__(
            f"Statement {number} does not add up: {opening} and entries of {entries} do not make {closing}. "
            "A part of it is missing; get the file again.",
            statement=number,
        )


class PaymentNotFound(NotFound):
    """No such payment."""

    code = "payment_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no payment {key}. Look it up in the list of payments.", payment=key)


class WrongPaymentState(Conflict):
    """What was asked does not follow from the payment's state."""

    code = "wrong_payment_state"

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(f"The payment is {state.replace('_', ' ')}; it cannot be {wanted} now.", state=state)


class PaymentTooSmall(InvalidInput):
    """More is to be settled than the payment has left."""

    code = "payment_too_small"

    def __init__(self, *, wanted: str, left: str, currency: str) -> None:
        super().__init__(f"{wanted} {currency} is more than the {left} {currency} that the payment has left.")


class InterestRateMissing(InvalidInput):
    """There is no rate of interest for a currency and a day."""

    code = "interest_rate_missing"

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(
            f"There is no rate of interest for late payment in {currency} on {day}. Enter it, then ask again.",
            currency=currency,
        )
