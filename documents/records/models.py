"""Retention rules, what they mean for each document, legal holds, disposals and what they leave."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

NAME = String(collation="C")


class RetentionRuleRow(Base):
    """A rule of the schedule as it is now; `period` is an ISO 8601 duration, null where a document stays for ever."""

    __tablename__ = "retention_rule"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    name: Mapped[str]
    document_types: Mapped[list[str]] = mapped_column(ARRAY(String))
    is_default: Mapped[bool]
    trigger: Mapped[str] = mapped_column(NAME)
    period: Mapped[str | None] = mapped_column(NAME)
    field: Mapped[str | None] = mapped_column(NAME)
    authority: Mapped[str]
    is_active: Mapped[bool]
    revision: Mapped[int]


class RetentionRuleRevisionRow(Base):
    """A rule as it was; a trigger refuses to change or remove it."""

    __tablename__ = "retention_rule_revision"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(NAME)


class RetentionRow(Base):
    """Until when a document is kept, and why; computed from rules and events, and again when one of them changes."""

    __tablename__ = "retention"
    __table_args__ = (
        Index(
            "ix_retention_due_at_document_id",
            "due_at",
            "document_id",
            postgresql_where=text("due_at IS NOT NULL AND holds = 0"),
        ),
        Index("ix_retention_holds", "holds", postgresql_where=text("holds > 0")),
    )

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    state: Mapped[str] = mapped_column(NAME, index=True)
    due_at: Mapped[datetime | None]
    rule_key: Mapped[str | None] = mapped_column(NAME)
    rule_revision: Mapped[int | None]
    basis: Mapped[dict[str, Any]]
    holds: Mapped[int]
    computed_at: Mapped[datetime]


class RetentionChangeRow(Base):
    """Something happened that may change how long the documents of a target are kept; worked off by the clock."""

    __tablename__ = "retention_change"

    kind: Mapped[str] = mapped_column(NAME, primary_key=True)
    target: Mapped[str] = mapped_column(NAME, primary_key=True)
    since: Mapped[datetime]


class CaseClosureRow(Base):
    """When a case was closed; null when it was reopened. Outlives the history of the case."""

    __tablename__ = "case_closure"

    case_id: Mapped[IdKey]
    closed_at: Mapped[datetime | None]


class RetentionRunRow(Base):
    """Computing the schedule anew for many documents, batch after batch."""

    __tablename__ = "retention_run"

    id: Mapped[IdKey]
    state: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str]
    document_types: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    found: Mapped[int]
    done: Mapped[int]
    mark: Mapped[str] = mapped_column(NAME)
    started_by: Mapped[str] = mapped_column(NAME)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LegalHoldRow(Base):
    """A named hold on a document, a case or a record; it stands until it is lifted, and its row stays for ever."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index(
            "ix_legal_hold_kind_target_name",
            "kind",
            "target",
            "name",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[IdKey]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(NAME)
    target: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(NAME)
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(NAME)
    lift_reason: Mapped[str | None]


class DisposalRow(Base):
    """A list of documents whose time is over, on its way to a certificate; `number` is on both papers."""

    __tablename__ = "disposal"
    __table_args__ = (UniqueConstraint("number"), UniqueConstraint("case_id"))

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(NAME)
    case_id: Mapped[str] = mapped_column(ID)
    until: Mapped[datetime]
    state: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str | None]
    signatures: Mapped[list[Any]]
    list_id: Mapped[str | None] = mapped_column(ID)
    certificate_id: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)
    ended_at: Mapped[datetime | None]


class DisposalItemRow(Base):
    """A document on a list, as it was then; `versions` holds number, digest and size of each."""

    __tablename__ = "disposal_item"
    __table_args__ = (
        Index(
            "ix_disposal_item_document_id",
            "document_id",
            unique=True,
            postgresql_where=text("state IN ('listed', 'destroyed')"),
        ),
        Index("ix_disposal_item_disposal_id_state_position", "disposal_id", "state", "position"),
    )

    disposal_id: Mapped[str] = mapped_column(ID, ForeignKey("disposal.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"))
    type: Mapped[str | None]
    title: Mapped[str | None]
    salt: Mapped[str | None] = mapped_column(NAME)
    commitment: Mapped[str] = mapped_column(NAME)
    versions: Mapped[list[Any]]
    rule_key: Mapped[str] = mapped_column(NAME)
    rule_revision: Mapped[int]
    due_at: Mapped[datetime]
    basis: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str | None]
    settled_by: Mapped[str | None] = mapped_column(NAME)
    settled_at: Mapped[datetime | None]


class TombstoneRow(Base):
    """What is left of a destroyed document; a trigger refuses to change or remove it."""

    __tablename__ = "tombstone"

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    disposal_id: Mapped[str] = mapped_column(ID, ForeignKey("disposal.id"), index=True)
    title_commitment: Mapped[str] = mapped_column(NAME)
    versions: Mapped[list[Any]]
    destroyed_at: Mapped[datetime]
