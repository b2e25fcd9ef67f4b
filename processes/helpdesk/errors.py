"""What is refused about tickets."""

from core.errors import Conflict, NotFound


class TicketNotFound(NotFound):
    """There is no such ticket, or not for whoever asks."""

    code = "ticket_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no ticket {key}, or you may not see it.", ticket=key)


class TicketClosed(Conflict):
    """The ticket is closed."""

    code = "ticket_closed"

    def __init__(self, number: str) -> None:
        super().__init__(f"Ticket {number} is closed. Write to us anew, and name it.", ticket=number)


class TicketLinkInvalid(NotFound):
    """Nobody gets in by this link."""

    code = "ticket_link_invalid"

    def __init__(self) -> None:
        super().__init__(
            "This link does not work: it was cut off on its way, it is older than it may be, or we have sent you a "
            "newer one. Use the one in our last message, or write to us."
        )
