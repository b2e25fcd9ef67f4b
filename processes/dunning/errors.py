"""What is refused about dunning."""

from datetime import date

from core.errors import Conflict, InvalidInput, NotFound


class AlreadyRunning(Conflict):
    """The invoice is being dunned."""

    code = "dunning_running"

    def __init__(self, number: str) -> None:
        super().__init__(f"The dunning of {number} runs already. Look at its case.", invoice=number)


class NothingOverdue(Conflict):
    """There is nothing to dun."""

    code = "nothing_overdue"

    def __init__(self, number: str) -> None:
        super().__init__(f"Nothing is owed on {number}, or it is not due yet, so there is nothing to dun.")


class NotDunned(NotFound):
    """No case runs for the invoice."""

    code = "not_dunned"

    def __init__(self, key: str) -> None:
        super().__init__(f"No dunning runs for the invoice {key}. Look at its page.", invoice=key)


class BankDataOld(Conflict):
    """Whoever paid yesterday would get a letter."""

    code = "bank_data_old"

    def __init__(self, newest: date | None, needed: date) -> None:
        known = f"ends on {newest}" if newest else "was never imported"
        super().__init__(
            f"The newest bank statement {known}; dunning needs one to {needed} at least. "
            "Import the statement, then start it again.",
            needed=needed.isoformat(),
        )


class PromiseUnclear(InvalidInput):
    """A promise needs a day that is to come and an amount."""

    code = "promise_unclear"

    def __init__(self) -> None:
        super().__init__(
            "A promise needs a day from today on and an amount above zero.",
            fields={"/promise_date": "a day from today on", "/promise_amount": "above zero"},
        )
