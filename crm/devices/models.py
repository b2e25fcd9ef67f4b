"""The tables of devices, their owners and parts, and of service contracts."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Currency, Money, Price, Quantity, parent
from storage.orm import ID, Base, IdKey


class DeviceRow(Base):
    """One piece of a product that a customer owns; `warranty_until` is the last day that is covered."""

    __tablename__ = "device"
    __table_args__ = (
        UniqueConstraint("product_id", "serial_key"),
        Index(None, "customer_id", "purchased_on", "id"),
        Index(None, "serial_key"),
        Index(None, "warranty_until", "id"),
        CheckConstraint("state IN ('in_use', 'in_repair', 'out_of_use')", name="state"),
    )

    id: Mapped[IdKey]
    product_id: Mapped[str] = parent("product.id", index=False)
    serial_number: Mapped[str] = mapped_column(String(64))
    serial_key: Mapped[str] = mapped_column(String(64, collation="C"))  # without spaces, dashes and case
    customer_id: Mapped[str] = parent("customer.id", index=False)
    order_id: Mapped[str | None] = parent("customer_order.id", nullable=True)
    invoice_id: Mapped[str | None] = parent("invoice.id", nullable=True)
    invoice_line: Mapped[int | None]  # its position
    purchased_on: Mapped[date]
    delivered_on: Mapped[date | None]
    installed_on: Mapped[date | None]
    warranty_from: Mapped[str] = mapped_column(String(16))  # purchase, delivery, installation
    warranty_months: Mapped[int] = mapped_column(SmallInteger)
    extended_months: Mapped[int] = mapped_column(SmallInteger)
    renewed_on: Mapped[date | None]  # a repair has made the whole term begin anew on this day
    extended_days: Mapped[int] = mapped_column(SmallInteger)  # that its owner was without it
    warranty_until: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(16))
    place: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class DeviceOwnerRow(Base):
    """Who owned a device from a day on; `until` is the day on which the next owner began."""

    __tablename__ = "device_owner"
    __table_args__ = (Index(None, "device_id", "since"),)

    id: Mapped[IdKey]
    device_id: Mapped[str] = parent("device.id", index=False)
    customer_id: Mapped[str] = parent("customer.id")
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class ProductPartRow(Base):
    """A product that is a part of another one, and how many of it."""

    __tablename__ = "product_part"

    product_id: Mapped[str] = mapped_column(ID, ForeignKey("product.id"), primary_key=True)
    part_id: Mapped[str] = mapped_column(ID, ForeignKey("product.id"), primary_key=True, index=True)
    quantity: Mapped[Quantity]


class DevicePartRow(Base):
    """A part that was built into a device, and what was charged for it."""

    __tablename__ = "device_part"
    __table_args__ = (Index(None, "device_id", "fitted_on"),)

    id: Mapped[IdKey]
    device_id: Mapped[str] = parent("device.id", index=False)
    part_id: Mapped[str] = parent("product.id")
    serial_number: Mapped[str | None] = mapped_column(String(64))
    quantity: Mapped[Quantity]
    unit_price: Mapped[Price]
    currency: Mapped[Currency]
    under_warranty: Mapped[bool]
    fitted_on: Mapped[date]
    fitted_by: Mapped[str]


class ServiceContractRow(Base):
    """What we have promised a customer for some devices: how soon we answer and repair, and for which fee."""

    __tablename__ = "service_contract"
    __table_args__ = (Index(None, "customer_id", "ends_on"), Index(None, "ends_on", "id"))

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    customer_id: Mapped[str] = parent("customer.id", index=False)
    name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]  # the last day
    hours: Mapped[str] = mapped_column(String(16))  # business, always
    response_hours: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    repair_hours: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
    covers_parts: Mapped[bool]
    covers_labour: Mapped[bool]
    fee: Mapped[Money]
    currency: Mapped[Currency]
    note: Mapped[str | None]
    ended_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ContractDeviceRow(Base):
    """A device that a service contract covers."""

    __tablename__ = "contract_device"

    contract_id: Mapped[str] = mapped_column(ID, ForeignKey("service_contract.id"), primary_key=True)
    device_id: Mapped[str] = mapped_column(ID, ForeignKey("device.id"), primary_key=True, index=True)
