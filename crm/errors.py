"""What this context refuses, and why."""

from datetime import date
from typing import Any

from core.errors import Conflict, InvalidInput, NotFound


class CustomerNotFound(NotFound):
    """No such customer."""

    code = "customer_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no customer {key}. Look it up in the list of customers.", customer=key)


class ContactNotFound(NotFound):
    """No such person."""

    code = "contact_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no contact {key}. Look it up at its customer.", contact=key)


class NoteNotFound(NotFound):
    """No such note, or it is somebody else's alone."""

    code = "note_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no note {key}. Look it up at its customer.", note=key)


class FilterNotFound(NotFound):
    """No such kept search."""

    code = "filter_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no filter {key}. Look at the list of filters.", filter=key)


class DuplicateNotFound(NotFound):
    """No such pair, or somebody has decided on it."""

    code = "duplicate_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no undecided pair {key}. Load the list of duplicates again.", pair=key)


class MergeNotFound(NotFound):
    """No such merge, or it is undone."""

    code = "merge_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no merge {key} that could be undone.", merge=key)


class CustomerMerged(Conflict):
    """The customer was merged into another one."""

    code = "customer_merged"

    def __init__(self, number: str) -> None:
        super().__init__(f"Customer {number} was merged into another one. Open that one.", number=number)


class CustomerBlocked(Conflict):
    """Nothing new is offered or sold to the customer until somebody lifts the block."""

    code = "customer_blocked"

    def __init__(self, *, number: str, name: str, reason: str) -> None:
        super().__init__(
            f"{name} ({number}) is blocked: {reason} Have whoever may block customers (customer.block) lift it.",
            number=number,
            because=reason,
        )


class CustomerNotBlocked(Conflict):
    """There is no block to lift."""

    code = "customer_not_blocked"

    def __init__(self, number: str) -> None:
        super().__init__(f"Customer {number} is not blocked.", number=number)


class DictionaryNotFound(NotFound):
    """No such value list, or no such value in it."""

    code = "dictionary_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no list {key}. Look at the value lists.", dictionary=key)


class DictionaryFixed(Conflict):
    """Processes rely on the codes of this list."""

    code = "dictionary_fixed"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The values of the list {key} can be renamed, not added or retired: decisions rely on them.",
            dictionary=key,
        )


class ProductNotFound(NotFound):
    """No such product."""

    code = "product_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no product {key}. Look it up in the list of products.", product=key)


class OfferNotFound(NotFound):
    """No such offer."""

    code = "offer_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no offer {key}. Write its number as it stands in the list of offers.", offer=key)


class OrderNotFound(NotFound):
    """No such order."""

    code = "order_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no order {key}.", order=key)


class WrongFields(InvalidInput):
    """Some fields cannot be accepted; `details["fields"]` maps JSON pointers to sentences."""

    code = "wrong_fields"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(fields.values())), fields=fields)


class CustomerExists(Conflict):
    """Another customer has the same tax id or the same external reference."""

    code = "customer_exists"

    def __init__(self, *, number: str, name: str, because: str) -> None:
        super().__init__(f"{name} is a customer already ({number}, same {because}). Open that one.", number=number)


class CustomerExistsElsewhere(Conflict):
    """The same of a customer whom the caller may not see."""

    code = "customer_exists_elsewhere"

    def __init__(self, *, because: str) -> None:
        super().__init__(
            f"A customer with the same {because} is there already, looked after by others. "
            "Ask whoever leads your department who that is."
        )


class ProductExists(Conflict):
    """Another product has the same article number."""

    code = "product_exists"

    def __init__(self, sku: str) -> None:
        super().__init__(f"The article number {sku} is taken. Choose another one.", sku=sku)


class ReferenceTaken(Conflict):
    """Another record of the same kind has the same external reference."""

    code = "reference_taken"

    def __init__(self, what: str, reference: str) -> None:
        super().__init__(f"There is {what} with the external reference {reference} already.", reference=reference)


class ChangedMeanwhile(Conflict):
    """Somebody saved the same record after the caller had read it; repeating blindly would undo their work."""

    code = "changed_meanwhile"

    def __init__(self, what: str, *, expected: int, current: int, **more: Any) -> None:
        """`more` is for programs: `differences` maps field to {yours, theirs}, `changed_by` names who was faster."""
        super().__init__(
            f"{what} was changed by somebody else since you opened it. Look at the new values, then save again.",
            expected_version=expected,
            current_version=current,
            **more,
        )


class OfferFrozen(Conflict):
    """The offer must not be edited in its state."""

    code = "offer_frozen"

    def __init__(self, number: str, state: str) -> None:
        reason = {
            "in_approval": "it is being approved. Wait for the decision, or have the approver return it",
            "approved": "it is approved. Revise it to get a new version",
            "sent": "it was sent. Revise it to get a new version",
            "rejected": "it was rejected. Make a new offer",
            "withdrawn": "it was withdrawn. Make a new offer",
        }.get(state, f"it is {state}")
        super().__init__(f"Offer {number} cannot be edited: {reason}.", offer=number, state=state)


class WrongOfferState(Conflict):
    """What was asked does not follow from the offer's state."""

    code = "wrong_offer_state"

    def __init__(self, number: str, *, state: str, wanted: str) -> None:
        super().__init__(f"Offer {number} is {state.replace('_', ' ')}; it cannot be {wanted} now.", state=state)


class NotAnEnquiry(Conflict):
    """Nothing came in that an offer could answer."""

    code = "not_an_enquiry"

    def __init__(self) -> None:
        super().__init__(
            "An offer answers what came in from a customer: this activity is not incoming, names no customer, or was "
            "cancelled. Draft the offer from the customer's page instead."
        )


class OfferIncomplete(InvalidInput):
    """The offer lacks what a decision needs."""

    code = "offer_incomplete"

    def __init__(self, number: str, missing: str) -> None:
        super().__init__(f"Offer {number} cannot go to approval: {missing}.", offer=number)


class ContentChanged(Conflict):
    """What is to be locked is not what was approved."""

    code = "offer_content_changed"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"The lines or terms of offer {number} are not those that were approved. Tell an administrator."
        )


class SelfApproval(Conflict):
    """The author of an offer decided on it."""

    code = "self_approval"

    def __init__(self, number: str) -> None:
        super().__init__(f"You prepared offer {number}, so somebody else must decide on it.", offer=number)


class RateMissing(InvalidInput):
    """There is no exchange rate for a currency."""

    code = "rate_missing"

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(
            f"There is no exchange rate for {currency} on {day}. Enter one, or make the offer in another currency.",
            currency=currency,
        )
