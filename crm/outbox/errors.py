"""What is refused about messages, and about answers to offers."""

from core.errors import Conflict, DomainError, InvalidInput, NotFound


class MessageNotFound(NotFound):
    """No such message."""

    code = "message_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no message {key}. Look it up in the outbox.", message=key)


class TextNotFound(NotFound):
    """No such text for messages."""

    code = "text_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no text {key}. Look at the texts for messages.", text=key)


class BatchNotFound(NotFound):
    """No such print batch."""

    code = "batch_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no print batch {key}. Look at the letters to print.", batch=key)


class WrongMessageState(Conflict):
    """The message is not in a state in which this can be done."""

    code = "wrong_message_state"

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(f"The message is {state}, so it cannot be {wanted}. Load the outbox again.", state=state)


class NothingToPrint(Conflict):
    """No letter waits."""

    code = "nothing_to_print"

    def __init__(self) -> None:
        super().__init__("No letter waits to be printed.")


class NoWayToReach(InvalidInput):
    """There is no address or number to which a message may go; `reasons` maps channel to a sentence."""

    code = "no_way_to_reach"

    def __init__(self, reasons: dict[str, str]) -> None:
        told = " ".join(dict.fromkeys(reasons.values()))
        super().__init__(f"The message cannot be sent. {told}", reasons=reasons)


class ChannelRefused(DomainError):
    """The other side refuses the message for good; `refused` lists the recipients that it names."""

    code = "message_refused"

    def __init__(self, sentence: str, refused: tuple[str, ...] = ()) -> None:
        super().__init__(sentence, refused=list(refused))
        self.refused = list(refused)


class LinkInvalid(NotFound):
    """The link of an offer is not one of ours, or was taken back."""

    code = "link_invalid"

    def __init__(self) -> None:
        super().__init__("This link is not valid. Ask whoever sent you the offer for a new one.")


class LinkExpired(Conflict):
    """The link of an offer, or the offer itself, is too old to be answered."""

    code = "link_expired"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"Offer {number} can no longer be answered by this link: its time is over. Ask us for a new offer.",
            number=number,
        )


class OfferNotOpen(Conflict):
    """The offer was answered, withdrawn or replaced."""

    code = "offer_not_open"

    def __init__(self, number: str, why: str) -> None:
        super().__init__(f"Offer {number} can no longer be answered: {why}.", number=number)
