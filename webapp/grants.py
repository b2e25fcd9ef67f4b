"""What the program may do with the tables that nobody may rewrite: the trail, versions of documents, tombstones."""

from __future__ import annotations

from storage.grants import ADD, CHANGE, READ, REMOVE, Rights, rights_of
from webapp.bootstrap import Application

APPENDED = frozenset({READ, ADD})
MOVED_ON = frozenset({READ, ADD, CHANGE})  # triggers hold how
LIMITS = {
    "audit_entry": APPENDED,
    "audit_leaf": APPENDED,
    "audit_checkpoint": APPENDED,
    "audit_timestamp": APPENDED,
    "audit_stream": MOVED_ON,
    "audit_tile": MOVED_ON,
    "audit_log": MOVED_ON,
    "audit_key": MOVED_ON,
    "audit_personal": frozenset({READ, ADD, REMOVE}),  # personal data are erased
    "document_version": MOVED_ON,  # rows are locked, which needs the right to change them; a trigger refuses changes
    "tombstone": APPENDED,
    "retention_rule_revision": APPENDED,
    "legal_hold": MOVED_ON,
}


def rights_beyond(application: Application) -> tuple[str, ...]:
    """What the role that this process works as could do to the trail; nothing is told of an embedded database.

    There the program owns the files of the database, and whoever runs it could write to them.
    """
    return () if application.database.embedded is not None else rights_here(application).excess


def rights_here(application: Application, role: str | None = None) -> Rights:
    """The rights of a role, or of the one that this process works as."""
    with application.database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        return rights_of(driver, LIMITS, role)
