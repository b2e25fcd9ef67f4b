"""The states of a document: which follows which, and the one way to change it, for processes and for people."""

from core.errors import Conflict, InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import DocumentNotFound, lock_visible
from documents.document_types import require_writable, take_fields
from documents.events import DocumentStateChanged
from documents.happenings import cases_for, facts_of
from documents.locks import require_unlocked
from documents.models import DocumentRow
from documents.records.holds import require_free
from documents.records.tombstones import refuse_destroyed
from documents.words import words
from storage.unit_of_work import UnitOfWork

DRAFT, IN_REVIEW, APPROVED, SIGNED, VOID = STATES = ("draft", "in_review", "approved", "signed", "void")
FOLLOWING: dict[str, tuple[str, ...]] = {
    DRAFT: (IN_REVIEW, APPROVED, SIGNED, VOID),
    IN_REVIEW: (DRAFT, APPROVED, VOID),
    APPROVED: (DRAFT, IN_REVIEW, SIGNED, VOID),
    SIGNED: (VOID,),
    VOID: (),
}
FINAL = (SIGNED, VOID)
LONGEST_REASON = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeState(Command):
    """Put a document into another state by right; `expected` is the state that the sender has seen, None for any."""

    document_id: str
    state: str
    reason: str | None = None
    expected: str | None = None


class StateRefused(Conflict):
    """The document cannot go from its state to the one that is wanted."""

    code = "document_state_refused"

    def __init__(self, document: DocumentRow, wanted: str) -> None:
        following = FOLLOWING[document.state]
        allowed = f"it can become {_named(following)}" if following else "nothing can follow"
        super().__init__(
            f"“{document.title}” is {_word(document.state)}, so it cannot become {_word(wanted)}: {allowed}.",
            document_id=document.id,
            state=document.state,
            wanted=wanted,
            following=list(following),
        )


class StateMoved(Conflict):
    """Somebody else changed the state meanwhile."""

    code = "document_state_moved"

    def __init__(self, document: DocumentRow, expected: str) -> None:
        super().__init__(
            f"“{document.title}” is {_word(document.state)} by now, you saw it {_word(expected)}. Look at it again, "
            "then decide.",
            document_id=document.id,
            state=document.state,
            expected=expected,
        )


class DocumentFinal(Conflict):
    """A signed or void document is not changed any more."""

    code = "document_final"

    def __init__(self, document: DocumentRow) -> None:
        super().__init__(
            f"“{document.title}” is {_word(document.state)} and stays as it is. File a new document and link it to "
            "the same case.",
            document_id=document.id,
            state=document.state,
        )


@handles(ChangeState, needs="document.state")
def change_state_by_right(command: ChangeState, unit: UnitOfWork) -> str:
    """The state it has now. Raises `DocumentNotFound`, `StateMoved`, `StateRefused`, `InvalidInput`.

    Raises `TypeNotWritable`, `DocumentLocked` while somebody else works on it, and `FieldsRefused` when a field that
    its type needs is missing and it is to be more than a draft.
    """
    document = lock_visible(unit, command.document_id)
    kind = require_writable(unit, document.type)
    require_unlocked(unit, document)
    if command.expected is not None and command.expected != document.state:
        raise StateMoved(document, command.expected)
    if command.state in (IN_REVIEW, APPROVED, SIGNED):
        take_fields(unit, kind, document.fields, complete=True)
    return _change(unit, document, command.state, reason=command.reason)


def change_state(unit: UnitOfWork, document_id: str, state: str, *, reason: str | None = None) -> str:
    """Put a document into a state without asking for rights: for processes; the state it already has is no change.

    Raises `DocumentNotFound`, `DocumentDestroyed`, `StateRefused`, `UnderHold`, `InvalidInput`.
    """
    document = unit.session.get(DocumentRow, document_id, with_for_update=True, populate_existing=True)
    if document is None:
        raise DocumentNotFound(document_id)
    refuse_destroyed(unit, document)
    return _change(unit, document, state, reason=reason)


def require_open(document: DocumentRow) -> None:
    """Raise `DocumentFinal` when the document is signed or void."""
    if document.state in FINAL:
        raise DocumentFinal(document)


def require_state(state: str) -> str:
    """The state, when there is such a one. Raises `InvalidInput`."""
    if state not in STATES:
        sentence = f"A document's state is one of {', '.join(STATES)}."
        raise InvalidInput(sentence, fields={"/state": sentence})
    return state


def _change(unit: UnitOfWork, document: DocumentRow, state: str, *, reason: str | None) -> str:
    if require_state(state) == document.state:
        return state
    if state not in FOLLOWING[document.state]:
        raise StateRefused(document, state)
    if state == VOID:
        require_free(unit, document.id, f"“{document.title}”")
    move(unit, document, state, reason=reason)
    return state


def move(unit: UnitOfWork, document: DocumentRow, state: str, *, reason: str | None = None) -> None:
    """Write the state of a locked document and say so in the trail, whatever state it had."""
    previous, document.state = document.state, state
    document.revision += 1
    facts = facts_of(unit, document)
    why = words("reason", reason, LONGEST_REASON)
    for case_id in cases_for(unit, document):
        unit.emit(DocumentStateChanged(**facts, case_id=case_id, previous=previous, state=state, reason=why))


def _word(state: str) -> str:
    return state.replace("_", " ")


def _named(states: tuple[str, ...]) -> str:
    return " or ".join(_word(state) for state in states)
