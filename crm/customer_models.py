"""The tables of customers and the people at them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, Computed, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.columns import SEARCH, Code, Country, Currency, Money, Quantity, parent
from storage.orm import ID, Base, IdKey

PATHS = "jsonb_path_ops"
EMPTY_LIST = text("'[]'::jsonb")
EMPTY_OBJECT = text("'{}'::jsonb")


class CustomerRow(Base):
    """A firm or person that we deal with."""

    __tablename__ = "customer"
    __table_args__ = (
        Index(
            "uq_customer_country_tax_id",
            "country",
            "tax_id",
            unique=True,
            postgresql_where=text("tax_id IS NOT NULL"),
        ),
        Index("ix_customer_search", "search", postgresql_using="gin"),
        Index(  # asked for many keys at once, which would be compared with every entry that is still pending
            "ix_customer_match_keys", "match_keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        ),
        Index(
            "ix_customer_bank_accounts",
            "bank_accounts",
            postgresql_using="gin",
            postgresql_ops={"bank_accounts": PATHS},
        ),
        Index("ix_customer_custom", "custom", postgresql_using="gin", postgresql_ops={"custom": PATHS}),
        Index("ix_customer_completeness_number", "completeness", "number"),
    )

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    name: Mapped[str] = mapped_column(index=True)
    legal_name: Mapped[str | None]
    country: Mapped[Country]
    region: Mapped[str | None]
    tax_id: Mapped[str | None] = mapped_column(String(32))
    currency: Mapped[Currency]
    credit_limit: Mapped[Money | None]
    payment_days: Mapped[int | None]
    reliability: Mapped[str] = mapped_column(String(1))
    abc_class: Mapped[str | None] = mapped_column(String(1))
    key_account: Mapped[bool]
    owner: Mapped[str | None] = mapped_column(index=True)
    external_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    parent_id: Mapped[str | None] = parent("customer.id", nullable=True)
    business_profile: Mapped[Code | None]
    industry: Mapped[Code | None] = mapped_column(index=True)
    company_category: Mapped[Code | None]
    customer_kind: Mapped[Code | None] = mapped_column(index=True)
    value_class: Mapped[Code | None]
    ad_source: Mapped[Code | None]  # of the first contact, never overwritten
    website: Mapped[str | None]
    founded_on: Mapped[date | None]
    owner_team: Mapped[Code | None] = mapped_column(index=True)
    needs: Mapped[str | None]
    incoterm: Mapped[str | None] = mapped_column(String(3))
    carrier: Mapped[str | None]
    least_order: Mapped[Money | None]
    largest_order: Mapped[Money | None]
    largest_weight: Mapped[Quantity | None]  # kg
    delivery_weekdays: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)  # 1 is Monday
    lead_days: Mapped[int | None]  # working days from order to delivery
    grace_days: Mapped[int] = mapped_column(server_default=text("0"))
    no_sms: Mapped[bool] = mapped_column(server_default=text("false"))
    identifiers: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    bank_accounts: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    merged_into: Mapped[str | None] = parent("customer.id", nullable=True)
    name_key: Mapped[str] = mapped_column(String(collation="C"), index=True, server_default="")
    match_keys: Mapped[list[str]] = mapped_column(ARRAY(String(collation="C")), server_default=text("'{}'"))
    completeness: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # per cent
    findings: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    search_text: Mapped[str]
    search: Mapped[Any] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(server_default="")
    row_version: Mapped[int] = mapped_column()

    addresses: Mapped[list["CustomerAddressRow"]] = relationship(
        cascade="all, delete-orphan", order_by="CustomerAddressRow.position", lazy="selectin"
    )
    phones: Mapped[list["CustomerPhoneRow"]] = relationship(
        cascade="all, delete-orphan", order_by="CustomerPhoneRow.position", lazy="selectin"
    )
    emails: Mapped[list["CustomerEmailRow"]] = relationship(
        cascade="all, delete-orphan", order_by="CustomerEmailRow.position", lazy="selectin"
    )
    balance: Mapped["CustomerBalanceRow | None"] = relationship(cascade="all, delete-orphan", lazy="select")

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class CustomerAddressRow(Base):
    """Where a customer is, gets invoices or gets goods."""

    __tablename__ = "customer_address"

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id")
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    street: Mapped[str]
    postal_code: Mapped[str]
    city: Mapped[str]
    city_key: Mapped[str] = mapped_column(String(collation="C"), index=True, server_default="")
    region: Mapped[str | None]
    country: Mapped[Country]


class CustomerPhoneRow(Base):
    """A number of a customer: E.164 where it is a number that can be dialled, and as it was written."""

    __tablename__ = "customer_phone"

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id")
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[str | None] = mapped_column(String(20), index=True)
    as_written: Mapped[str]


class CustomerEmailRow(Base):
    """An e-mail address of a customer."""

    __tablename__ = "customer_email"
    __table_args__ = (Index("ix_customer_email_address_lower", text("lower(address)")),)

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id")
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(index=True)
    bounced_at: Mapped[datetime | None]


class CustomerBalanceRow(Base):
    """What a customer owes according to the ledger, in the company's currency."""

    __tablename__ = "customer_balance"

    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"), primary_key=True)
    receivable: Mapped[Money]
    oldest_due: Mapped[date | None]
    as_of: Mapped[date]


class ContactRow(Base):
    """A person at a customer; positions at further ones stand in `contact_position`."""

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("external_reference"),
        Index(None, "customer_id", "name", "id"),
        Index("ix_contact_email_lower", text("lower(email)")),  # mail is looked up whatever its capitals
    )

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id")
    name: Mapped[str]
    job_title: Mapped[str | None]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(String(20), index=True)
    mobile: Mapped[str | None] = mapped_column(String(20), index=True)
    role: Mapped[Code | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    birth_year: Mapped[int | None]
    birth_day: Mapped[str | None] = mapped_column(String(5), index=True)  # 05-31, so that one without year is found
    preferences: Mapped[str | None]
    family: Mapped[str | None]
    interests: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    external_reference: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ContactPositionRow(Base):
    """What a person is at a further customer, and from when to when."""

    __tablename__ = "contact_position"
    __table_args__ = (UniqueConstraint("contact_id", "customer_id", "role"),)

    id: Mapped[IdKey]
    contact_id: Mapped[str] = parent("contact.id", index=False)
    customer_id: Mapped[str] = parent("customer.id")
    role: Mapped[Code]
    job_title: Mapped[str | None]
    since: Mapped[date | None]
    until: Mapped[date | None]


class ContactTraceRow(Base):
    """A document that named a person when they were erased, and that stays until its retention is over."""

    __tablename__ = "contact_trace"

    contact_id: Mapped[str] = mapped_column(ID, ForeignKey("contact.id"), primary_key=True)
    document_id: Mapped[str] = mapped_column(ID, primary_key=True)


class CustomerNoteRow(Base):
    """A note on a customer or a person there; its texts stand in its versions."""

    __tablename__ = "customer_note"
    __table_args__ = (Index(None, "customer_id", "id"),)

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id", index=False)
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    kind: Mapped[Code]
    visibility: Mapped[str] = mapped_column(String(16))
    author: Mapped[str]
    author_name: Mapped[str]
    created_at: Mapped[datetime]
    n: Mapped[int]  # of the text that it has now
    row_version: Mapped[int] = mapped_column()

    versions: Mapped[list["CustomerNoteVersionRow"]] = relationship(
        cascade="all, delete-orphan", order_by="CustomerNoteVersionRow.n", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class CustomerNoteVersionRow(Base):
    """What a note said from one time on."""

    __tablename__ = "customer_note_version"

    note_id: Mapped[str] = mapped_column(ID, ForeignKey("customer_note.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]


class CustomerBlockRow(Base):
    """A time in which nothing new is offered or sold to a customer; it lasts until it is lifted."""

    __tablename__ = "customer_block"
    __table_args__ = (Index(None, "customer_id", "id"),)

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id", index=False)
    reason: Mapped[str]
    blocked_at: Mapped[datetime]
    blocked_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lifted_because: Mapped[str | None]


class SatisfactionRow(Base):
    """How satisfied a customer was at one time, from 1 to 5."""

    __tablename__ = "customer_satisfaction"
    __table_args__ = (Index(None, "customer_id", "recorded_at"), Index(None, "recorded_at"))

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id", index=False)
    level: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[Code]
    cause: Mapped[Code | None]  # why it is another level than before
    activity_id: Mapped[str | None] = mapped_column(ID, ForeignKey("activity.id", ondelete="SET NULL"), index=True)
    remark: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
