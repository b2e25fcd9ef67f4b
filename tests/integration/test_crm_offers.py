"""Offers and orders through the executor, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from crm.approvals import FreezeOffer, LockOffer, MarkOfferSent, RecordDecision, RejectOffer, WithdrawOffer
from crm.company import SetCurrencyRate
from crm.customers import CreateCustomer, UpdateCustomer
from crm.errors import (
    OfferFrozen,
    OfferIncomplete,
    RateMissing,
    SelfApproval,
    WrongFields,
    WrongOfferState,
)
from crm.money import rounded
from crm.offer_content import Line, Terms
from crm.offer_queries import offer, offers
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct
from crm.profiles import Profile
from crm.queries import customer, customers, order, orders, product, products, standing
from processes.offer_approval.facts import matrix_facts
from tests.crm_desk import CASE, MANAGER, STRANGER, TASK, Desk, make_line, open_desk


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


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


def test_off_03_a_decision_is_bound_to_the_digest_and_kept_once(desk: Desk) -> None:
    made = desk.make_offer()
    digest = desk.do(FreezeOffer(offer_id=made))

    desk.do(make_decision(desk, made, comment="Marża w porządku"), MANAGER)
    desk.do(make_decision(desk, made, comment="Marża w porządku"), MANAGER)

    (decision,) = desk.ask(offer, made).decisions
    assert (decision.digest, decision.actor_name, decision.version) == (digest, "Jan Lis", 1)
    assert (decision.comment, decision.decided_at) == ("Marża w porządku", desk.units.clock.now())


def test_off_03_nobody_decides_on_an_offer_of_their_own(desk: Desk) -> None:
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


@pytest.mark.parametrize(
    ("least", "largest", "fits", "told"),
    [
        ("200.01", None, False, "The net value of 200 PLN is below the smallest order of Tartak, 200.01 PLN."),
        ("200.00", "200.00", True, ""),
        (None, "199.99", False, "The net value of 200 PLN is above the largest order of Tartak, 199.99 PLN."),
        (None, None, True, ""),
    ],
)
def test_cus_09_an_offer_outside_the_customers_limits_is_warned_of_and_the_matrix_hears_it(
    desk: Desk, least: str | None, largest: str | None, told: str, *, fits: bool
) -> None:
    limits = {
        name: Decimal(each) if each else None for name, each in (("least_order", least), ("largest_order", largest))
    }
    profile = Profile(name="Tartak", country="PL", **limits)  # type: ignore[arg-type]  # two of its fields
    buyer = desk.do(CreateCustomer(profile=profile), MANAGER).id

    found = desk.ask(offer, desk.make_offer(customer_id=buyer))

    assert found.warnings == ([told] if told else [])
    assert matrix_facts(found, desk.ask(customer, buyer))["logistics_ok"] is fits


def test_an_order_reads_back_with_its_lines(desk: Desk) -> None:
    key = desk.make_customer()
    made = desk.do(EnterOrder(customer_id=key, lines=(make_line(discount=Decimal(5)),), ordered_on=date(2026, 1, 2)))

    found = desk.ask(order, made)

    assert (found.number, found.net, found.lines[0].net) == ("SO-2026-0001", Decimal(190), Decimal(190))
    assert [each.number for each in desk.ask(orders, key).items] == ["SO-2026-0001"]


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
