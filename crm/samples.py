"""Sample data for demonstrations: firms, people, products, orders and offers that could be real and are not.

The same seed and day give the same data. Tax numbers have valid check digits; e-mail addresses end in `.example`, which
nobody can own.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm import approvals
from crm.checks import one_at_a_time
from crm.company import Company, DescribeCompany, SetCurrencyRate, company, describe_company, set_currency_rate, today
from crm.contacts import CreateContact, create_contact
from crm.customers import CreateCustomer, RecordBalance, create_customer, record_balance
from crm.models import CustomerRow
from crm.offer_content import Line, Terms
from crm.offers import CreateOffer, create_offer
from crm.orders import EnterOrder, enter_order
from crm.products import Article, CreateProduct, create_product
from crm.profiles import Address, Email, Phone, Profile
from crm.reach import words
from crm.sample_words import ABROAD, POLAND, PRODUCTS, RATES, Land, Place
from crm.tax_ids import RULES
from storage.unit_of_work import UnitOfWork

SEED = 20260105
POLISH_FIRMS = 28
FIRMS = 40
MARK = "sample"  # external references begin so
OFFERS: tuple[tuple[str, tuple[str, ...], int], ...] = (  # what becomes of it, discounts of its lines, quantity
    ("draft", ("0", "5"), 2),
    ("draft", ("12.5",), 6),
    ("draft", ("8", "15", "0"), 4),
    ("draft", ("22",), 3),
    ("draft", ("0",), 40),
    ("draft", ("10",), 5),
    ("approved", ("0", "3"), 2),
    ("approved", ("10",), 1),
    ("approved", ("5", "5", "5"), 3),
    ("sent", ("7.5",), 2),
    ("sent", ("0", "0", "10"), 8),
    ("sent", ("2",), 12),
    ("rejected", ("30",), 10),
    ("rejected", ("18", "24"), 2),
    ("withdrawn", ("0",), 1),
    ("draft", ("25", "0"), 4),
    ("draft", ("5",), 20),
    ("draft", ("0", "2"), 6),
    ("draft", ("15",), 2),
    ("draft", ("12.5", "5"), 3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSamples(Command):
    """Enter the sample data, once; whoever does it owns the offers."""

    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSamples:
    """What was entered; nothing where the samples were there already."""

    customers: int = 0
    products: int = 0
    orders: int = 0
    offers: int = 0


@handles(LoadSamples, needs="customer.edit")
def load_samples(command: LoadSamples, unit: UnitOfWork) -> LoadedSamples:
    """Enter everything in one unit, or nothing."""
    one_at_a_time(unit, MARK)
    there = select(CustomerRow.id).where(CustomerRow.external_reference == f"{MARK}:1")
    if unit.session.scalars(there).first() is not None:
        return LoadedSamples()
    dice = random.Random(command.seed)  # noqa: S311 -- samples, not secrets
    _describe(unit)
    products = [_product(unit, row) for row in PRODUCTS]
    customers = [_customer(unit, dice, profile) for profile in firms(dice)]
    unit.session.flush()  # offers and orders look their customers and products up
    orders = _orders(unit, dice, customers, products)
    for number, (fate, discounts, quantity) in enumerate(OFFERS, 1):
        lines = tuple(_line(dice, products, discount, quantity) for discount in discounts)
        _offer(unit, customers[number * 5 % len(customers)], lines, fate=fate, number=number)
    return LoadedSamples(customers=len(customers), products=len(products), orders=orders, offers=len(OFFERS))


def firms(dice: random.Random) -> Iterator[Profile]:
    """Profiles of 40 firms with names of their own: 28 from Poland, 12 from its neighbours and customers beyond."""
    taken: set[str] = set()
    for number in range(1, FIRMS + 1):
        land = POLAND if number <= POLISH_FIRMS else ABROAD[(number - POLISH_FIRMS - 1) % len(ABROAD)]
        brand = _brand(dice, land)
        while brand in taken:
            brand = _brand(dice, land)
        taken.add(brand)
        yield _profile(dice, land, brand, number)


def tax_number(dice: random.Random, country: str) -> str:
    """A number whose check digits are right."""
    rule = RULES[country]
    while True:
        body = [dice.choice("12345678"), *(dice.choice("0123456789") for _ in range(rule.length - rule.checks - 1))]
        if country == "LT":
            body[-1] = "1"  # every Lithuanian number of nine digits has it there
        checks = rule.complete("".join(body))
        if checks is not None:
            return "".join(body) + checks


def _describe(unit: UnitOfWork) -> None:
    if company(unit) == Company():
        own = Company(
            name="Hurtownia Techniczna Sarna sp. z o.o.",
            tax_id=tax_number(random.Random(1), "PL"),  # noqa: S311 -- samples, not secrets
            address="ul. Przędzalniana 8, 90-338 Łódź",
        )
        describe_company(DescribeCompany(company=own), unit)
    since = today(unit).replace(month=1, day=1) - timedelta(days=365)
    for currency, rate in RATES:
        order = SetCurrencyRate(currency=currency, valid_from=since, rate=Decimal(rate), source="planning rate")
        set_currency_rate(order, unit)


def _brand(dice: random.Random, land: Land) -> str:
    return f"{dice.choice(land.trades)} {dice.choice(land.proper)}"


def _profile(dice: random.Random, land: Land, brand: str, number: int) -> Profile:
    place, name = dice.choice(land.places), f"{brand} {dice.choice(land.forms)}"
    domain = "-".join(words(brand).split())
    profile = Profile(
        name=brand,
        legal_name=name,
        country=land.code,
        region=place.region,
        tax_id=tax_number(dice, land.code),
        currency=land.currency,
        credit_limit=Decimal(dice.choice(("20000", "50000", "80000", "150000", "400000"))),
        payment_days=dice.choice((14, 14, 21, 30, 30, 45)),
        reliability=dice.choice("AABBBBCD"),
        abc_class=dice.choice("ABBCCC"),
        key_account=number % 9 == 0,
        external_reference=f"{MARK}:{number}",
        addresses=_addresses(dice, land, place),
        phones=(Phone(number=_phone(dice, land, place)),),
        emails=(Email(address=f"biuro@{domain}.example"), Email(address=f"faktury@{domain}.example", kind="billing")),
    )
    return replace(profile, credit_limit=None) if number % 11 == 0 else profile


def _addresses(dice: random.Random, land: Land, place: Place) -> tuple[Address, ...]:
    kinds = ("registered", "delivery") if dice.random() < 0.4 else ("registered",)
    return tuple(
        Address(
            kind=kind,
            street=f"{dice.choice(land.streets)} {dice.randint(1, 148)}",
            postal_code=place.postal_code,
            city=place.city,
            region=place.region,
            country=land.code,
        )
        for kind in kinds
    )


def _phone(dice: random.Random, land: Land, place: Place) -> str:
    local = "".join(dice.choice("23456789") for _ in range(land.local_digits))
    return f"{place.dial} {local}".strip()


def _product(unit: UnitOfWork, row: tuple[str, ...]) -> str:
    sku, name, category, measure, price, cost, vat = row
    article = Article(
        sku=sku,
        name=name,
        category=category,
        unit=measure,
        price=Decimal(price),
        cost=Decimal(cost),
        vat_rate=Decimal(vat),
        external_reference=f"{MARK}:{sku}",
    )
    return create_product(CreateProduct(article=article), unit)


def _customer(unit: UnitOfWork, dice: random.Random, profile: Profile) -> str:
    created = create_customer(CreateCustomer(profile=profile), unit)
    unit.session.flush()  # contact and balance look their customer up
    land = next(each for each in (POLAND, *ABROAD) if each.code == profile.country)
    name, title = dice.choice(land.people)
    email = ".".join(words(name).split()) + "@" + profile.emails[0].address.partition("@")[2]
    create_contact(CreateContact(customer_id=created.id, name=name, job_title=title, email=email), unit)
    owed = Decimal(dice.choice((0, 0, 0, 3_500, 12_000, 31_000))) + Decimal(dice.randint(0, 99_999)) / 100
    late = dice.choice((-20, -7, 3, 12, 45 if profile.reliability in "CD" else 5))
    day = today(unit)
    balance = RecordBalance(
        customer_id=created.id, receivable=owed, oldest_due=day - timedelta(days=late), as_of=day - timedelta(days=1)
    )
    record_balance(balance, unit)
    return created.id


def _orders(unit: UnitOfWork, dice: random.Random, customers: list[str], products: list[str]) -> int:
    day = today(unit)
    for number, customer_id in enumerate(customers):
        ordered = day - timedelta(days=dice.randint(5, 300))
        is_done = number % 4 != 0
        order = EnterOrder(
            customer_id=customer_id,
            lines=tuple(_line(dice, products, "0", dice.randint(1, 12)) for _ in range(dice.randint(1, 4))),
            ordered_on=ordered,
            due_on=ordered + timedelta(days=14),
            delivered_on=ordered + timedelta(days=dice.randint(2, 20)) if is_done else None,
            state="done" if is_done else "open",
            currency="PLN",
            external_reference=f"{MARK}:{number + 1}",
        )
        enter_order(order, unit)
    return len(customers)


def _line(dice: random.Random, products: list[str], discount: str, quantity: int) -> Line:
    return Line(product_id=dice.choice(products), quantity=Decimal(quantity), discount=Decimal(discount))


def _offer(unit: UnitOfWork, customer_id: str, lines: tuple[Line, ...], *, fate: str, number: int) -> None:
    terms = Terms(valid_until=today(unit) + timedelta(days=30), delivery_terms="DAP", payment_days=14)
    order = CreateOffer(
        customer_id=customer_id, lines=lines, currency="PLN", terms=terms, external_reference=f"{MARK}:{number}"
    )
    made = create_offer(order, unit).id
    if fate == "draft":
        return
    approvals.freeze_offer(approvals.FreezeOffer(offer_id=made), unit)
    match fate:
        case "rejected":
            approvals.reject_offer(approvals.RejectOffer(offer_id=made, reason="marża poniżej progu"), unit)
        case "withdrawn":
            approvals.withdraw_offer(approvals.WithdrawOffer(offer_id=made, reason="klient zrezygnował"), unit)
        case _:
            approvals.lock_approved_offer(approvals.LockOffer(offer_id=made), unit)
    if fate == "sent":
        approvals.mark_offer_sent(approvals.MarkOfferSent(offer_id=made), unit)
