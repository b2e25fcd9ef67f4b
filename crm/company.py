"""The firm that uses this installation, and the exchange rates that it calculates with."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.errors import RateMissing
from crm.events import CompanyDescribed, RateSet
from crm.models import CompanyRow, CurrencyRateRow
from crm.money import plain
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who we are: head of letters, currency of limits and thresholds, time zone of dates."""

    name: str = "Obieg"
    country: str = "PL"
    currency: str = "PLN"
    time_zone: str = "Europe/Warsaw"
    tax_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCompany(Command):
    """Set the company's own data."""

    company: Company


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCurrencyRate(Command):
    """Say what one unit of a currency is worth in the company's currency from a day on."""

    currency: str
    valid_from: date
    rate: Decimal
    source: str  # such as "NBP table A 001/2026"


def company(view: Reading) -> Company:
    """The company's data; defaults until somebody enters them."""
    row = view.session.get(CompanyRow, "company")
    if row is None:
        return Company()
    return Company(
        name=row.name,
        country=row.country,
        currency=row.currency,
        time_zone=row.time_zone,
        tax_id=row.tax_id,
        address=row.address,
    )


def today(view: Reading) -> date:
    """The date where the company is."""
    return view.clock.now().astimezone(ZoneInfo(company(view).time_zone)).date()


def exchange_rate(view: Reading, currency: str, day: date) -> Decimal:
    """What one unit of `currency` was worth on `day` in the company's currency. Raises `RateMissing`."""
    if currency == company(view).currency:
        return Decimal(1)
    newest = (
        select(CurrencyRateRow.rate)
        .where(CurrencyRateRow.currency == currency, CurrencyRateRow.valid_from <= day)
        .order_by(CurrencyRateRow.valid_from.desc())
        .limit(1)
    )
    rate = view.session.scalars(newest).first()
    if rate is None:
        raise RateMissing(currency, day)
    return rate


@handles(DescribeCompany, needs="account.administer")
def describe_company(command: DescribeCompany, unit: UnitOfWork) -> None:
    """Replace the company's data."""
    findings, wanted = Findings(), command.company
    values: dict[str, Any] = {
        "name": findings.text("/name", wanted.name, "The company's name"),
        "country": findings.code("/country", wanted.country, "The country", 2),
        "currency": findings.code("/currency", wanted.currency, "The currency", 3),
        "time_zone": wanted.time_zone,
        "tax_id": findings.optional("/tax_id", wanted.tax_id, "The tax number"),
        "address": findings.optional("/address", wanted.address, "The address"),
    }
    if wanted.time_zone not in available_timezones():
        findings.add("/time_zone", f"{wanted.time_zone} is not a time zone; write one such as Europe/Warsaw.")
    findings.refuse()
    before = company(unit)
    changes = {key: [getattr(before, key), value] for key, value in values.items() if getattr(before, key) != value}
    unit.session.merge(CompanyRow(id="company", **values))
    if changes:
        unit.emit(CompanyDescribed(changes=changes))


@handles(SetCurrencyRate, needs="account.administer")
def set_currency_rate(command: SetCurrencyRate, unit: UnitOfWork) -> None:
    """Enter a rate; a second one for the same day replaces the first."""
    findings = Findings()
    currency = findings.code("/currency", command.currency, "The currency", 3)
    rate = findings.amount("/rate", command.rate, "The rate", places=8)
    if rate == 0:
        findings.add("/rate", "The rate must be above zero.")
    source = findings.text("/source", command.source, "The source of the rate")
    findings.refuse()
    row = {"currency": currency, "valid_from": command.valid_from, "rate": rate, "source": source}
    written = insert(CurrencyRateRow).values(row)
    replacing = written.on_conflict_do_update(
        index_elements=["currency", "valid_from"], set_={"rate": rate, "source": source}
    )
    unit.session.execute(replacing)
    day = command.valid_from.isoformat()
    unit.emit(RateSet(currency=currency, valid_from=day, rate=plain(rate), source=source))
