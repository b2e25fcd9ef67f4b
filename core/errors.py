"""The errors that a caller can act on: each has a stable code, a sentence for people and data as attributes."""

from typing import Any, ClassVar


class DomainError(Exception):
    """Something refused a request for a reason that a person can understand.

    `code` is stable and meant for programs; `str(error)` says what is wrong, where, and what to do; `details` is
    plain JSON data for those who show more than the sentence.
    """

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class NotFound(DomainError):
    """Nothing of that name exists, or the caller may not know that it does."""

    code = "not_found"


class Conflict(DomainError):
    """The request was fine when it was made, but the state has moved on."""

    code = "conflict"


class StaleState(Conflict):
    """Somebody else changed the same row meanwhile; the executor tries again, then gives up with this."""

    code = "stale_state"


class Forbidden(DomainError):
    """The caller lacks the right."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """Nobody is logged in, or the token is not valid."""

    code = "unauthenticated"


class InvalidInput(DomainError):
    """The input is wrong; `details["fields"]`, where present, maps a JSON pointer to a sentence."""

    code = "invalid_input"


class TooLarge(InvalidInput):
    """The input is larger than this installation accepts."""

    code = "too_large"


class IncompleteUpload(InvalidInput):
    """Fewer bytes arrived than were announced; nothing was kept."""

    code = "incomplete_upload"


class Unavailable(DomainError):
    """A part that the request needs is away for the moment; the same request may succeed later."""

    code = "unavailable"


class StorageFull(DomainError):
    """There is no room left to store what was sent; nothing was kept."""

    code = "storage_full"
