"""What the database says when something goes wrong, in the words of `core.errors`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from core.errors import DomainError, InvalidInput, StaleState, StorageFull, Unavailable

# PostgreSQL's SQLSTATE codes (its manual, appendix A)
RETRY = {"40001", "40P01", "26000"}  # serialization failure, deadlock, a prepared statement that was dropped
BUSY = {"55P03"}  # lock not available, after `LOCK_TIMEOUT`: whoever waited that long is not made to wait again
FULL = {"53100"}  # disk full
GONE = {"57P01", "57P02"}  # shutdown, crash
LONG = {"22001", "54000"}  # a text is longer than its column, or than an index can hold
ODD = {"22021", "22P05"}  # characters that no text of the database has
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL and halves of surrogate pairs, which no text of the database has
AWAY = {"57P01", "57P02", "57P03", "53300", "25006"}  # shutdown, crash, starting up, too many clients, read-only


class Unstorable(InvalidInput):
    """The input has a text that the database cannot hold."""

    code = "cannot_be_stored"


class Busy(Unavailable):
    """Somebody else holds for too long what the request needs."""

    code = "busy"


def translate(error: BaseException) -> DomainError | None:
    """The domain error that says the same, or None when the error is a programming error and must stay one."""
    if isinstance(error, StaleDataError):
        return StaleState("Somebody else changed this at the same moment. Look at it again, then repeat.")
    if isinstance(error, PoolTimeout):
        return Unavailable("All database connections are busy. Try again in a few seconds.")
    state = _sqlstate(error)
    if state in RETRY:
        return StaleState("Somebody else is changing this at the same moment. Try again.")
    if state in BUSY:
        return Busy("Somebody else has been working on this for a while. Try again in a moment; nothing was changed.")
    if state in FULL:
        return StorageFull("The database has no room left. Nothing was saved; tell your administrator.")
    if state in LONG:
        return Unstorable(
            "A name, key or label is too long to be stored; 255 characters always fit. Nothing was changed."
        )
    if state in ODD or _has_odd_text(error):
        return Unstorable("A text has a NUL character or half a surrogate pair; remove it. Nothing was changed.")
    if is_lost(error) or state in AWAY:
        return Unavailable("The database does not answer at the moment. Nothing was changed; try again in a moment.")
    return None


def is_lost(error: BaseException | None) -> bool:
    """Whether the connection is gone, and with it most likely all the others to the same server."""
    cause = _driver_error(error)
    if cause is None:
        return False
    if cause.sqlstate is None:
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return cause.sqlstate in GONE or cause.sqlstate.startswith("08")


def _has_odd_text(error: BaseException) -> bool:
    """Whether psycopg, or PostgreSQL while it reads JSON, stumbles over what is no character."""
    if isinstance(error, UnicodeEncodeError):
        return error.reason == "surrogates not allowed"
    cause = _driver_error(error)
    if isinstance(cause, psycopg.errors.InvalidTextRepresentation):
        return "surrogate" in (cause.diag.message_detail or "")
    return isinstance(cause, psycopg.DataError) and cause.sqlstate is None and "NUL" in str(cause)


def _sqlstate(error: BaseException) -> str | None:
    cause = _driver_error(error)
    return None if cause is None else cause.sqlstate


def _driver_error(error: BaseException | None) -> psycopg.Error | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, psycopg.Error) else None


@contextmanager
def translated() -> Iterator[None]:
    """Raise database errors of the block as domain errors where there is a word for them."""
    try:
        yield
    except (DBAPIError, StaleDataError, PoolTimeout, psycopg.Error, UnicodeEncodeError) as error:
        known = translate(error)
        if known is None:
            raise
        raise known from error
