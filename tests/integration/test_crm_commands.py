"""Customers, products, offers and orders through the executor, on a real database."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.clock import FixedClock
from core.errors import Forbidden
from core.executor import Executor
from core.identity import Actor
from core.messages import Event
from crm.approvals import FreezeOffer, LockOffer, MarkOfferSent, RecordDecision, RejectOffer, WithdrawOffer
from crm.company import Company, DescribeCompany, SetCurrencyRate
from crm.contacts import CreateContact, UpdateContact
from crm.customers import CreateCustomer, RecordBalance, UpdateCustomer
from crm.errors import (
    ChangedMeanwhile,
    CustomerExists,
    OfferFrozen,
    OfferIncomplete,
    ProductExists,
    RateMissing,
    ReferenceTaken,
    SelfApproval,
    WrongFields,
    WrongOfferState,
)
from crm.money import rounded
from crm.offer_content import Line, Terms
from crm.offer_queries import offer, offers
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct, UpdateProduct
from crm.profiles import Address, Email, Phone, Profile
from crm.queries import customer, customers, order, orders, product, products, standing
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitFactory, UnitOfWork

RIGHTS = frozenset({"customer.edit", "customer.read", "offer.edit", "account.administer"})
REP = Actor(id="ewa", name="Ewa Maj", permissions=RIGHTS)
MANAGER = Actor(id="jan", name="Jan Lis", permissions=RIGHTS)
STRANGER = Actor(id="gość", name="Gość")
TASK = "01TASK00000000000000000000"
CASE = "01CASE00000000000000000000"


class NoJobs:
    """Nothing here enqueues."""

    def enqueue(self, session: Session, requests: Sequence[JobRequest]) -> None:
        raise AssertionError(requests)


@dataclass
class Desk:
    """The context as its users have it, and what it told the trail."""

    units: UnitFactory
    executor: Executor
    events: list[Event] = field(default_factory=list)

    def do(self, command: Any, actor: Actor = REP) -> Any:
        return self.executor.execute(command, actor=actor)

    def ask(self, query: Any, *arguments: Any, actor: Actor = REP, **options: Any) -> Any:
        with self.units.reading(actor) as view:
            return query(view, *arguments, **options)

    def told(self) -> list[str]:
        return [event.type for event in self.events]

    def make_customer(self, **values: Any) -> str:
        created: str = self.do(CreateCustomer(profile=Profile(**{"name": "Młyn", "country": "PL"} | values))).id
        return created

    def make_offer(self, *discounts: str, **values: Any) -> str:
        customer_id = values.pop("customer_id", None) or self.make_customer()
        lines = tuple(make_line(discount=Decimal(each)) for each in discounts or ("0",))
        created: str = self.do(CreateOffer(**{"customer_id": customer_id, "lines": lines} | values)).id
        return created


def make_line(**values: Any) -> Line:
    usual = {"quantity": Decimal(2), "description": "Pompa", "unit_price": Decimal(100), "vat_rate": Decimal(23)}
    return Line(**usual | values)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    units = UnitFactory(engine, queue=NoJobs(), clock=clock)
    desk = Desk(units, Executor(units))

    def record(_unit: UnitOfWork, events: Sequence[Event]) -> None:
        desk.events.extend(events)

    units.recorders.append(record)
    return desk


def test_a_customer_reads_back_with_all_addresses_phones_and_mails(desk: Desk) -> None:
    profile = Profile(
        name="Zakład Łożysk „Żuraw”",
        legal_name="Żuraw Łożyska sp. z o.o.",
        country="PL",
        tax_id="PL 856-734-62-15",
        credit_limit=Decimal("50000.00"),
        payment_days=30,
        addresses=(
            Address(street="ul. Źródlana 1", postal_code="90-001", city="Łódź", country="PL"),
            Address(kind="delivery", street="Hafen 3", postal_code="18055", city="Rostock", country="DE"),
        ),
        phones=(Phone(number="22 123-45-67"), Phone(number="+49 30 1234567"), Phone(number="wewn. 12", kind="other")),
        emails=(Email(address="biuro@zuraw.example"), Email(address="faktury@zuraw.example", kind="billing")),
    )

    created = desk.do(CreateCustomer(profile=profile))

    found = desk.ask(customer, created.number)
    assert found.profile == replace(profile, tax_id="8567346215")
    assert found.dialled == ["+48221234567", "+49301234567", None]
    assert desk.told() == ["customer.created"]


def test_every_fault_of_a_customer_is_told_at_once(desk: Desk) -> None:
    profile = Profile(
        name=" ", country="Poland", reliability="E", emails=(Email(address="nobody"),), credit_limit=Decimal(-1)
    )

    with pytest.raises(WrongFields) as refusal:
        desk.do(CreateCustomer(profile=profile))

    wrong = refusal.value.details["fields"]
    assert set(wrong) == {"/name", "/country", "/reliability", "/emails/0/address", "/credit_limit"}


def test_a_mistyped_tax_number_is_refused_with_its_rule(desk: Desk) -> None:
    with pytest.raises(WrongFields, match="last digit must be 5"):
        desk.make_customer(tax_id="8567346216")


def test_the_same_tax_number_is_the_same_customer(desk: Desk) -> None:
    desk.make_customer(tax_id="8567346215")

    with pytest.raises(CustomerExists, match=r"Młyn is a customer already \(C-000001, same tax id\)"):
        desk.make_customer(name="Inny", tax_id="856-734-62-15")


def test_of_eight_who_enter_the_same_firm_at_once_one_succeeds(desk: Desk) -> None:
    def enter(_: int) -> object:
        try:
            return desk.make_customer(tax_id="8567346215")
        except CustomerExists as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(enter, range(8)))

    assert sum(isinstance(each, str) for each in answers) == 1
    assert desk.ask(customers).total == 1


def test_an_external_reference_names_one_record(desk: Desk) -> None:
    key = desk.make_customer()
    desk.do(CreateOffer(customer_id=key, external_reference="x:1"))

    with pytest.raises(ReferenceTaken, match="an offer with the external reference x:1"):
        desk.do(CreateOffer(customer_id=key, external_reference="x:1"))


def test_a_change_says_what_was_and_what_is(desk: Desk) -> None:
    key = desk.make_customer(reliability="A")

    desk.do(UpdateCustomer(customer_id=key, changes={"reliability": "C", "name": "Młyn Nowy"}, expected_version=1))

    assert desk.ask(customer, key).profile.reliability == "C"
    payload = desk.events[-1].payload()
    assert payload["changes"] == {"reliability": ["A", "C"]}
    assert payload["personal_changes"] == {"name": ["Młyn", "Młyn Nowy"]}


def test_nothing_is_told_when_nothing_changes(desk: Desk) -> None:
    key = desk.make_customer()

    desk.do(UpdateCustomer(customer_id=key, changes={"name": "Młyn"}))

    assert desk.told() == ["customer.created"]


def test_the_second_to_save_the_same_customer_is_told_so(desk: Desk) -> None:
    key = desk.make_customer()
    desk.do(UpdateCustomer(customer_id=key, changes={"abc_class": "A"}, expected_version=1))

    with pytest.raises(ChangedMeanwhile):
        desk.do(UpdateCustomer(customer_id=key, changes={"abc_class": "B"}, expected_version=1))

    assert desk.ask(customer, key).profile.abc_class == "A"


def test_a_field_that_does_not_exist_is_refused_by_name(desk: Desk) -> None:
    key = desk.make_customer()

    with pytest.raises(WrongFields, match="no field colour"):
        desk.do(UpdateCustomer(customer_id=key, changes={"colour": "red"}))


@pytest.mark.parametrize("q", ["zolw", "ŻÓŁW gda", "gdansk", "856734", "C-000001", "+48583011010", "583011010"])
def test_a_customer_is_found_by_name_city_tax_number_number_and_phone(desk: Desk, q: str) -> None:
    desk.make_customer(
        name="Fabryka „Żółw”",
        tax_id="8567346215",
        addresses=(Address(street="Długa 1", city="Gdańsk", country="PL"),),
        phones=(Phone(number="58 301 10 10"),),
    )
    desk.make_customer(name="Inna")

    assert [each.name for each in desk.ask(customers, q).items] == ["Fabryka „Żółw”"]


def test_pages_continue_where_the_one_before_ended(desk: Desk) -> None:
    for index in range(5):
        desk.make_customer(name=f"Firma {index}")

    first = desk.ask(customers, "firma", limit=3)
    second = desk.ask(customers, "firma", after=first.next, limit=3)

    assert [len(first.items), len(second.items), first.total, second.next] == [3, 2, 5, None]


def test_a_contact_is_entered_and_changed(desk: Desk) -> None:
    key = desk.make_customer()
    person = desk.do(CreateContact(customer_id=key, name="Anna Wąs", email="anna@mlyn.example", phone="601 100 200"))

    desk.do(UpdateContact(contact_id=person, changes={"job_title": "Kierowniczka"}))

    (contact,) = desk.ask(customer, key).contacts
    assert (contact.name, contact.phone, contact.job_title) == ("Anna Wąs", "+48601100200", "Kierowniczka")


def test_a_product_is_entered_changed_and_found(desk: Desk) -> None:
    key = desk.do(CreateProduct(article=Article(sku="P-1", name="Łożysko kulkowe", price=Decimal("12.3456"))))

    desk.do(UpdateProduct(product_id=key, changes={"price": Decimal("13.5")}, expected_version=1))

    assert [each.price for each in desk.ask(products, "lozysko").items] == [Decimal("13.5000")]
    with pytest.raises(ProductExists):
        desk.do(CreateProduct(article=Article(sku="P-1", name="Inne", price=Decimal(1))))


def test_an_offer_takes_what_is_left_out_from_its_products(desk: Desk) -> None:
    key = desk.do(
        CreateProduct(article=Article(sku="P-1", name="Pompa", price=Decimal(100), cost=Decimal(60), unit="szt."))
    )

    made = desk.make_offer()
    desk.do(UpdateOffer(offer_id=made, lines=(Line(quantity=Decimal(3), product_id=key, discount=Decimal(10)),)))

    found = desk.ask(offer, made)
    (line,) = found.lines
    assert (line.sku, line.description, line.unit, line.vat_rate) == ("P-1", "Pompa", "szt.", 23)
    assert (found.totals.net, found.totals.vat, found.totals.gross) == (
        Decimal("270.00"),
        Decimal("62.10"),
        Decimal("332.10"),
    )
    assert rounded(found.totals.margin) == Decimal("33.33")


def test_a_price_in_another_currency_is_not_taken_over(desk: Desk) -> None:
    key = desk.do(CreateProduct(article=Article(sku="P-1", name="Pompa", price=Decimal(100))))
    desk.do(SetCurrencyRate(currency="EUR", valid_from=date(2026, 1, 1), rate=Decimal("4.25"), source="test"))

    with pytest.raises(WrongFields, match="price of line 1"):
        desk.make_offer(currency="EUR", lines=(Line(quantity=Decimal(1), product_id=key),))


def test_offers_are_numbered_without_gaps_whoever_is_refused_between(desk: Desk) -> None:
    key = desk.make_customer()
    first = desk.do(CreateOffer(customer_id=key))
    with pytest.raises(WrongFields):
        desk.do(CreateOffer(customer_id=key, lines=(make_line(quantity=Decimal(0)),)))

    second = desk.do(CreateOffer(customer_id=key))

    assert [first.number, second.number] == ["OF-2026-0001", "OF-2026-0002"]


def test_eight_at_once_get_eight_numbers_in_a_row(desk: Desk) -> None:
    key = desk.make_customer()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: desk.do(CreateOffer(customer_id=key)).number, range(24)))

    assert sorted(made) == [f"OF-2026-{number:04d}" for number in range(1, 25)]


def test_the_year_of_a_number_is_that_of_the_company(desk: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(days=360, hours=16, minutes=30))  # 31 December 23:30 in Greenwich, 0:30 in Warsaw
    key = desk.make_customer()

    made = desk.do(CreateOffer(customer_id=key))

    assert made.number == "OF-2027-0001"


def test_a_frozen_offer_refuses_every_edit_and_says_why(desk: Desk) -> None:
    made = desk.make_offer()
    desk.do(FreezeOffer(offer_id=made))

    with pytest.raises(OfferFrozen, match="it is being approved"):
        desk.do(UpdateOffer(offer_id=made, terms={"payment_days": 90}))

    assert desk.ask(offer, made).terms.payment_days == 14


def test_the_digest_depends_on_content_only(desk: Desk) -> None:
    key = desk.make_customer()
    one, same, other = (desk.make_offer(each, customer_id=key) for each in ("5", "5.00", "6"))

    digests = [desk.do(FreezeOffer(offer_id=each)) for each in (one, same, other)]

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("values", "missing"),
    [({"lines": ()}, "it has no lines"), ({"terms": Terms(valid_until=date(2026, 1, 4))}, "valid until 2026-01-04")],
)
def test_an_incomplete_offer_cannot_go_to_approval(desk: Desk, values: dict[str, Any], missing: str) -> None:
    made = desk.make_offer(**values)

    with pytest.raises(OfferIncomplete, match=missing):
        desk.do(FreezeOffer(offer_id=made))


def make_decision(desk: Desk, made: str, **values: Any) -> RecordDecision:
    usual = {
        "offer_id": made,
        "case_id": CASE,
        "key": TASK,
        "level": 1,
        "group": "sales_manager",
        "decision": "approve",
        "comment": None,
        "actor": "jan",
        "actor_name": "Jan Lis",
        "decided_at": desk.units.clock.now(),
    }
    return RecordDecision(**usual | values)


def test_a_decision_is_bound_to_the_digest_and_kept_once(desk: Desk) -> None:
    made = desk.make_offer()
    digest = desk.do(FreezeOffer(offer_id=made))

    desk.do(make_decision(desk, made), MANAGER)
    desk.do(make_decision(desk, made), MANAGER)

    (decision,) = desk.ask(offer, made).decisions
    assert (decision.digest, decision.actor_name, decision.version) == (digest, "Jan Lis", 1)


def test_nobody_decides_on_an_offer_of_their_own(desk: Desk) -> None:
    made = desk.make_offer()
    desk.do(FreezeOffer(offer_id=made))

    with pytest.raises(SelfApproval):
        desk.do(make_decision(desk, made, actor="ewa", actor_name="Ewa Maj"), MANAGER)


def test_an_approved_offer_is_locked_until_it_is_revised(desk: Desk) -> None:
    made = desk.make_offer("15")
    desk.do(FreezeOffer(offer_id=made))
    digest = desk.do(LockOffer(offer_id=made))
    with pytest.raises(OfferFrozen, match="it is approved"):
        desk.do(UpdateOffer(offer_id=made, lines=()))

    assert desk.do(ReviseOffer(offer_id=made, note="inna ilość")) == 2

    desk.do(UpdateOffer(offer_id=made, lines=(make_line(quantity=Decimal(9)),)))
    assert desk.ask(offer, made, version=1).digest == digest
    assert desk.ask(offer, made, version=1).totals.net == Decimal("170.00")
    assert desk.ask(offer, made).totals.net == Decimal("900.00")
    assert [each.state for each in desk.ask(offer, made).versions] == ["replaced", "draft"]


@pytest.mark.parametrize(
    ("command", "state"), [(RejectOffer, "rejected"), (WithdrawOffer, "withdrawn"), (LockOffer, "approved")]
)
def test_an_offer_in_approval_ends_in_one_way_only(desk: Desk, command: Any, state: str) -> None:
    made = desk.make_offer()
    desk.do(FreezeOffer(offer_id=made))

    desk.do(command(offer_id=made))

    assert desk.ask(offer, made).state == state
    with pytest.raises(WrongOfferState):
        desk.do(RejectOffer(offer_id=made))


def test_only_an_approved_offer_can_be_sent(desk: Desk) -> None:
    made = desk.make_offer()
    with pytest.raises(WrongOfferState, match="it cannot be sent now"):
        desk.do(MarkOfferSent(offer_id=made))
    desk.do(FreezeOffer(offer_id=made))
    desk.do(LockOffer(offer_id=made))

    desk.do(MarkOfferSent(offer_id=made))

    assert [each.state for each in desk.ask(offers, state="sent").items] == ["sent"]


def test_thresholds_see_the_value_in_the_company_s_currency(desk: Desk) -> None:
    desk.do(SetCurrencyRate(currency="EUR", valid_from=date(2026, 1, 1), rate=Decimal("4.25"), source="NBP"))
    key = desk.make_customer(country="DE", currency="EUR")

    made = desk.make_offer(customer_id=key)

    found = desk.ask(offer, made)
    assert (found.currency, found.totals.net, found.net_in_company_currency) == ("EUR", 200, 850)


def test_an_offer_in_a_currency_without_a_rate_is_refused(desk: Desk) -> None:
    key = desk.make_customer(country="CZ", currency="CZK")

    with pytest.raises(RateMissing, match="no exchange rate for CZK on 2026-01-05"):
        desk.make_offer(customer_id=key)


def test_exposure_is_what_is_owed_and_what_is_ordered(desk: Desk) -> None:
    key = desk.make_customer()
    for state in ("open", "done"):
        desk.do(EnterOrder(customer_id=key, lines=(make_line(),), ordered_on=date(2026, 1, 2), state=state))
    desk.do(
        RecordBalance(customer_id=key, receivable=Decimal(1000), oldest_due=date(2025, 12, 5), as_of=date(2026, 1, 5))
    )

    found = desk.ask(standing, key)

    assert (found.open_orders, found.exposure, found.overdue_days) == (246, 1246, 31)
    assert found.is_overdue


def test_an_order_reads_back_with_its_lines(desk: Desk) -> None:
    key = desk.make_customer()
    made = desk.do(EnterOrder(customer_id=key, lines=(make_line(discount=Decimal(5)),), ordered_on=date(2026, 1, 2)))

    found = desk.ask(order, made)

    assert (found.number, found.net, found.lines[0].net) == ("SO-2026-0001", Decimal(190), Decimal(190))
    assert [each.number for each in desk.ask(orders, key).items] == ["SO-2026-0001"]


def test_the_company_describes_itself(desk: Desk) -> None:
    desk.do(DescribeCompany(company=Company(name="Hurtownia Sarna", currency="EUR", country="LT")))

    assert desk.events[-1].payload()["changes"]["currency"] == ["PLN", "EUR"]
    with pytest.raises(WrongFields, match="not a time zone"):
        desk.do(DescribeCompany(company=Company(time_zone="Middle-earth/Shire")))


def test_without_the_right_nothing_is_shown_and_nothing_done(desk: Desk) -> None:
    key = desk.make_customer()
    made = desk.make_offer(customer_id=key)

    for query, arguments in [
        (customers, ()),
        (customer, (key,)),
        (products, ()),
        (product, ("x",)),
        (orders, (key,)),
        (offers, ()),
        (offer, (made,)),
        (standing, (key,)),
    ]:
        with pytest.raises(Forbidden):
            desk.ask(query, *arguments, actor=STRANGER)
    for command in [
        UpdateCustomer(customer_id=key, changes={"name": "x"}),
        UpdateOffer(offer_id=made, lines=()),
        FreezeOffer(offer_id=made),
        LockOffer(offer_id=made),
        ReviseOffer(offer_id=made),
    ]:
        with pytest.raises(Forbidden):
            desk.do(command, STRANGER)
