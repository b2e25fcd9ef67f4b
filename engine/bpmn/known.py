"""Which names a diagram may use: handlers of the installed packages, forms, decisions and processes."""

import difflib

from core.records import dataclass
from engine.ready import OPERATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that exist; None stands for not asking, as scenarios of a single file do."""

    handlers: frozenset[str] | None = None
    forms: frozenset[str] | None = None
    decisions: frozenset[str] | None = None
    templates: frozenset[str] | None = None
    processes: frozenset[str] | None = None
    deferred: frozenset[str] | None = None  # those of the handlers that work outside the transaction

    def misplaced(self, name: str, *, deferred: bool) -> str | None:
        """What is wrong with calling a handler inside the transaction, or outside; None when nothing is."""
        if self.deferred is None or (name in self.deferred) == deferred:
            return None
        if not deferred and OPERATIONS.find(name) is not None:
            return None  # where the work of an operation is done says the operation
        if deferred:
            return f"The handler {name} works inside the transaction; remove obieg:deferred."
        return f'The handler {name} works outside the transaction; add obieg:deferred="true".'

    def has_handler(self, name: str) -> bool:
        """Whether a service task may call it."""
        return self.handlers is None or name in self.handlers

    def nearest_handler(self, name: str) -> str:
        """A hint for a sentence, or nothing."""
        nearest = difflib.get_close_matches(name, self.handlers or (), n=1, cutoff=0.6)
        return f" Did you mean {nearest[0]}?" if nearest else ""

    def has_form(self, key: str) -> bool:
        """Whether a user task may show it."""
        return self.forms is None or key in self.forms

    def has_decision(self, key: str) -> bool:
        """Whether a business rule task may evaluate it."""
        return self.decisions is None or key in self.decisions

    def has_template(self, key: str) -> bool:
        """Whether a document can be made from it."""
        return self.templates is None or key in self.templates
