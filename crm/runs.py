"""Work on many records that a worker does batch by batch: stopped, gone on with, failed and taken back, always alike.

How far it is stands in its row, behind whose lock each batch is done; so a worker that dies loses and doubles nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Conflict, InvalidInput, NotFound
from core.executor import Executor
from core.identity import SYSTEM, Actor
from core.messages import Command
from crm.access import with_kept_rights
from crm.columns import Code
from storage.orm import Base, IdKey
from storage.unit_of_work import UnitFactory, UnitOfWork

SEE_ALL = "crm.administer"
LONGEST_REASON = 500
TOUCHED = "something else has touched it since"


class RunNotFound(NotFound):
    """No such run, or it is somebody else's; `what` and `key_name` say which kind it is."""

    what: ClassVar[str]
    key_name: ClassVar[str]

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no {self.what} {key}, or it is somebody else's.", **{self.key_name: key})


class WrongRunState(Conflict):
    """What was asked does not follow from the state of the run."""

    what: ClassVar[str]

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"This {self.what} is {state}; it cannot be {wanted} now.", state=state)


class RunRow(Base):
    """How far a run is; `done` is how many records are behind us."""

    __abstract__ = True
    not_found: ClassVar[type[RunNotFound]]
    wrong_state: ClassVar[type[WrongRunState]]

    id: Mapped[IdKey]
    state: Mapped[Code]
    total: Mapped[int]
    done: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))  # outcome to number
    undone: Mapped[int] = mapped_column(server_default=text("0"))
    kept: Mapped[int] = mapped_column(server_default=text("0"))  # that something else had touched meanwhile
    reason: Mapped[str | None]
    started_by: Mapped[Code]
    started_name: Mapped[str]
    rights: Mapped[list[Any]]  # of whoever started it: what the worker may do
    ended_at: Mapped[datetime | None]


class Host(Protocol):
    """The program in which jobs run: units of work and the executor, outside any transaction."""

    @property
    def units(self) -> UnitFactory:
        """The units of work."""

    @property
    def executor(self) -> Executor:
        """Who carries commands out."""


Row = TypeVar("Row", bound=RunRow)


def locked(unit: UnitOfWork, table: type[Row], key: str) -> Row:
    """The run, for whoever started it and for administrators. Raises the table's `not_found`."""
    row = unit.session.get(table, key, with_for_update=True, populate_existing=True)
    if row is None or not (row.started_by == unit.actor.id or unit.actor.may(SEE_ALL)):
        raise table.not_found(key)
    return row


def stop(unit: UnitOfWork, row: RunRow, reason: str) -> bool:
    """Leave the rest for now; False for one that is stopped already. Raises `WrongRunState`, `InvalidInput`."""
    given = why(reason)
    if row.state == "stopped":
        return False
    if row.state != "running":
        raise row.wrong_state(row.state, "stopped")
    row.state, row.reason, row.ended_at = "stopped", given, unit.clock.now()
    return True


def resume(unit: UnitOfWork, row: RunRow, reason: str, rights: Sequence[Any]) -> bool:
    """Let it go on, with the rights that its starter has now; False for one that runs.

    Raises `WrongRunState`, `InvalidInput`.
    """
    why(reason)
    if row.state not in {"running", "stopped", "failed"}:
        raise row.wrong_state(row.state, "gone on with")
    if row.state == "running":
        return False
    row.state, row.reason, row.ended_at = "running", None, None
    if row.started_by == unit.actor.id:
        row.rights = list(rights)  # a right that was missing may be there now
    return True


def fail(unit: UnitOfWork, row: RunRow, reason: str) -> bool:
    """End it with the sentence; False when somebody has ended it meanwhile."""
    return _end(unit, row, "running", "failed", reason[:LONGEST_REASON])


def finish(unit: UnitOfWork, row: RunRow) -> bool:
    """End it, nothing is left; False when somebody has ended it meanwhile."""
    return _end(unit, row, "running", "finished", row.reason)


def begin_undo(row: RunRow, reason: str) -> str:
    """Have it taken back; returns the reason. Raises `WrongRunState` while it runs and once it is undone."""
    given = why(reason)
    if row.state not in {"stopped", "finished", "failed"}:
        raise row.wrong_state(row.state, "undone")
    row.state, row.reason = "undoing", given
    return given


def note_taken_back(row: RunRow, trouble: str | None) -> tuple[str, str | None]:
    """Count a record that was taken back, or kept for a reason; its outcome and that reason."""
    row.kept, row.undone = row.kept + bool(trouble), row.undone + (not trouble)
    return ("kept", trouble) if trouble else ("undone", None)


def end_undo(unit: UnitOfWork, row: RunRow) -> None:
    """All of it was looked at."""
    _end(unit, row, "undoing", "undone", row.reason)


def take_back(host: Host, table: type[RunRow], key: str, step: Command) -> None:
    """Carry a step out until it says that nothing is left, as whoever started the run."""
    row = running(host, table, key, "undoing")
    while row is not None and host.executor.execute(step, actor=actor_of(row)):
        pass


def running(host: Host, table: type[Row], key: str, state: str = "running") -> Row | None:
    """The run for its worker, None when there is nothing to do."""
    with host.units.reading(SYSTEM) as view:
        row = view.session.get(table, key)
    return row if row is not None and row.state == state else None


def actor_of(row: RunRow) -> Actor:
    """Whoever started it, with the rights of that time."""
    return with_kept_rights(row.started_by, row.started_name, row.rights)


def why(said: str) -> str:
    """A reason. Raises `InvalidInput` without one."""
    reason = said.strip()[:LONGEST_REASON]
    if not reason:
        raise InvalidInput("Say why.", fields={"/reason": "is missing"})
    return reason


def _end(unit: UnitOfWork, row: RunRow, before: str, after: str, reason: str | None) -> bool:
    if row.state != before:
        return False
    row.state, row.reason, row.ended_at = after, reason, unit.clock.now()
    return True
