"""What is refused about the hand-over to an ERP."""

from core.errors import Conflict, DomainError, InvalidInput, NotFound


class HandoverNotFound(NotFound):
    """Nothing of this key was handed over."""

    code = "handover_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no hand-over {key}. Look it up on the page of the ERP.", handover=key)


class ArrivalNotFound(NotFound):
    """Nothing of this key came from the ERP."""

    code = "arrival_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"Nothing with the key {key} came from the ERP.", arrival=key)


class WrongHandoverState(Conflict):
    """The hand-over is not in a state in which this can be done."""

    code = "wrong_handover_state"

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(f"The hand-over is {state}, so it cannot be {wanted}. Load the page again.", state=state)


class OtherNumber(Conflict):
    """The ERP gives a second number to what it has acknowledged under another one."""

    code = "erp_number_differs"

    def __init__(self, label: str, *, known: str, said: str) -> None:
        super().__init__(
            f"{label} has the number {known} in the ERP already, and now it says {said}. Ask there which one counts.",
            known=known,
            said=said,
        )


class ArrivalDiffers(Conflict):
    """The same key came before with other content."""

    code = "arrival_differs"

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} came before with other content, which counts. Send a change under a key of its own.")


class NothingToExport(Conflict):
    """Nothing waits."""

    code = "nothing_to_export"

    def __init__(self, what: str) -> None:
        super().__init__(f"No {what} wait to be handed over.")


class ErpRefused(DomainError):
    """The ERP refuses a record for good."""

    code = "erp_refused"


class WrongAnswers(InvalidInput):
    """A file of answers cannot be read at all."""

    code = "wrong_erp_answers"


class MasteredElsewhere(Conflict):
    """The ERP is master of a field that somebody wants to change here."""

    code = "mastered_by_erp"

    def __init__(self, entity: str, names: list[str]) -> None:
        told = ", ".join(name.replace("_", " ") for name in names)
        what = entity.rpartition(".")[2]
        super().__init__(
            f"The ERP is master of {told} of a {what}; change it there, and it comes here by itself.",
            fields={f"/{name}": "is kept in the ERP" for name in names},
        )


class PartsOrderNotFound(NotFound):
    """No such order of parts."""

    code = "parts_order_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no order of parts {key}.", order=key)
