"""The ready operations that ship with the product; importing this puts them into the catalogue."""

from webapp.operations import (
    activities,
    calling,
    decisions,
    document_states,
    mailing,
    messages,
    papers,
    records,
    sealing,
    stand_ins,
    workers,
)

__all__ = [
    "activities",
    "calling",
    "decisions",
    "document_states",
    "mailing",
    "messages",
    "papers",
    "records",
    "sealing",
    "stand_ins",
    "workers",
]
