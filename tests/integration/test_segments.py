"""Segments and groups: by rule and picked, one below another, what was written down of them, and the nine cells."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Date, Engine, Numeric, String, column, select, values

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.activities.content import Content
from crm.activities.registering import RegisterActivity
from crm.classes import classes, matrix
from crm.contacts import CreateContact, UpdateContact
from crm.customer_search import Condition, Criteria, find_customers
from crm.customers import UpdateCustomer
from crm.errors import ChangedMeanwhile, WrongFields
from crm.merging import MergeCustomers, UndoMerge
from crm.orders import EnterOrder
from crm.sales.issuing import IssueInvoice
from crm.segments.defining import ChangeSegment, CreateSegment, PickMembers, RemoveMembers, TakeSnapshot
from crm.segments.errors import NotPicked, SegmentNameTaken, SegmentNotFound
from crm.segments.queries import members, overlap, preview, segments, snapshot, snapshots
from tests.crm_desk import STRANGER, Desk, make_line, open_desk

READER = Actor(id="ola", name="Ola", permissions=frozenset({"customer.read"}))


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def rule(*conditions: Condition, **more: Any) -> Criteria:
    return Criteria(conditions=conditions, **more)


def where(field: str, value: Any, *, is_not: bool = False) -> Condition:
    return Condition(field=field, value=value, is_not=is_not)


def names(desk: Desk, segment_id: str) -> list[str]:
    return [each.name for each in desk.ask(members, segment_id).items]


def test_seg_01_a_rule_is_asked_anew_and_a_snapshot_stays(desk: Desk) -> None:
    mill = desk.make_customer(name="Młyn", region="Mazowsze")
    desk.make_customer(name="Huta", region="Śląsk")
    segment = desk.do(CreateSegment(name="Mazowsze", criteria=rule(where("region", "Mazowsze"))))
    taken = desk.do(TakeSnapshot(segment_id=segment, reason="Mailing świąteczny"))

    desk.do(UpdateCustomer(customer_id=mill, changes={"region": "Śląsk"}))
    desk.make_customer(name="Cegielnia", region="Mazowsze")

    assert names(desk, segment) == ["Cegielnia"]
    kept = desk.ask(snapshot, taken)
    assert (kept.ids, kept.size, kept.digest) == ([mill], 1, hashlib.sha256(mill.encode()).hexdigest())
    assert [each.reason for each in desk.ask(snapshots, segment)] == ["Mailing świąteczny"]
    assert "segment.snapshot_taken" in desk.told()


def test_seg_01_sizes_and_overlap_of_two_are_shown(desk: Desk) -> None:
    for region, industry in (("Mazowsze", "food"), ("Mazowsze", None), ("Śląsk", "food")):
        desk.make_customer(name=f"{region} {industry}", region=region, industry=industry)
    first = desk.do(CreateSegment(name="a", criteria=rule(where("region", "Mazowsze"))))
    second = desk.do(CreateSegment(name="b", criteria=rule(where("industry", "food"))))

    found = desk.ask(overlap, first, second)

    assert (found.first, found.second, found.both) == (2, 2, 1)


def test_seg_02_a_customer_is_in_several_groups_and_in_those_above(desk: Desk) -> None:
    mill, works = desk.make_customer(name="Młyn"), desk.make_customer(name="Huta")
    above = desk.do(CreateSegment(name="Partnerzy", kind="picked"))
    below = desk.do(CreateSegment(name="Złoci", kind="picked", parent_id=above))
    other = desk.do(CreateSegment(name="Targi", kind="picked"))

    desk.do(PickMembers(segment_id=below, ids=(mill,)))
    desk.do(PickMembers(segment_id=above, ids=(works,)))
    again = [desk.do(PickMembers(segment_id=other, ids=(mill, mill))) for _ in range(2)]

    assert again == [1, 0]
    assert (names(desk, below), names(desk, above), names(desk, other)) == (["Młyn"], ["Młyn", "Huta"], ["Młyn"])
    assert [(each.name, each.level) for each in desk.ask(segments)] == [("Partnerzy", 0), ("Złoci", 1), ("Targi", 0)]
    desk.do(RemoveMembers(segment_id=below, ids=(mill,)))
    assert names(desk, above) == ["Huta"]


def test_seg_02_a_group_is_never_a_part_of_itself(desk: Desk) -> None:
    above = desk.do(CreateSegment(name="a", kind="picked"))
    below = desk.do(CreateSegment(name="b", kind="picked", parent_id=above))
    asking = desk.do(CreateSegment(name="c", criteria=rule(where("segment", above))))

    for wrong in (
        ChangeSegment(segment_id=above, changes={"parent_id": below}),
        ChangeSegment(segment_id=asking, changes={"criteria": rule(where("segment", asking))}),
        ChangeSegment(segment_id=asking, changes={"parent_id": above}),
    ):
        with pytest.raises(WrongFields):
            desk.do(wrong)


def test_seg_03_people_of_many_firms_leave_when_they_do_not_fit_any_more(desk: Desk) -> None:
    mill, works = desk.make_customer(name="Młyn", industry="food"), desk.make_customer(name="Huta")
    ola = desk.do(CreateContact(customer_id=mill, name="Ola Sowa", role="purchasing", email="ola@mlyn.pl"))
    desk.do(CreateContact(customer_id=works, name="Jan Lis", role="purchasing"))
    desk.do(CreateContact(customer_id=works, name="Piotr Kot", role="accountant"))
    buyers = desk.do(
        CreateSegment(name="Zaopatrzenie", subject="contact", criteria=rule(where("contact.role", "purchasing")))
    )
    food = desk.do(
        CreateSegment(
            name="Spożywka",
            subject="contact",
            criteria=rule(where("industry", "food"), where("contact.has_email", True)),
        )
    )
    picked = desk.do(CreateSegment(name="Wigilia", subject="contact", kind="picked"))
    desk.do(PickMembers(segment_id=picked, ids=(ola,)))

    before = names(desk, buyers)
    desk.do(UpdateContact(contact_id=ola, changes={"role": "accountant"}))

    assert (sorted(before), names(desk, buyers)) == (["Jan Lis", "Ola Sowa"], ["Jan Lis"])
    assert (names(desk, food), names(desk, picked)) == (["Ola Sowa"], ["Ola Sowa"])


def test_seg_01_rules_ask_for_contacts_and_purchases(desk: Desk, clock: FixedClock) -> None:
    mill, works = desk.make_customer(name="Młyn"), desk.make_customer(name="Huta")
    ola = desk.do(CreateContact(customer_id=mill, name="Ola"))
    content = Content(
        employee="ewa",
        method="phone",
        direction="outgoing",
        status="held",
        subject="Oferta",
        customer_id=mill,
        contact_id=ola,
        state="done",
        held_from=clock.now() - timedelta(days=20),
    )
    desk.do(RegisterActivity(content=content))
    day = clock.now().date() - timedelta(days=10)
    desk.do(EnterOrder(customer_id=works, lines=(make_line(sku="P-1"),), ordered_on=day, currency="PLN"))

    def fits(field: str, value: Any) -> list[str]:
        return [each.name for each in desk.ask(preview, "customer", rule(where(field, value))).items]

    assert fits("contacted_within_days", 30) == fits("had_contact_by", "phone") == ["Młyn"]
    assert fits("not_contacted_for_days", 15) == ["Młyn", "Huta"]
    assert fits("not_contacted_for_days", 30) == ["Huta"]
    assert fits("bought_within_days", 30) == fits("bought_product", "P-1") == fits("ordered_in_a_year", 200) == ["Huta"]
    assert fits("ordered_in_a_year", "200.01") == fits("bought_within_days", 5) == []
    assert fits("not_bought_for_days", 30) == ["Młyn"]


def test_cus_40_key_accounts_that_nobody_spoke_to_are_found(desk: Desk) -> None:
    desk.make_customer(name="Ważny", key_account=True)
    desk.make_customer(name="Zwykły")

    found = desk.ask(find_customers, rule(where("key_account", True), where("not_contacted_for_days", 90)))

    assert [each.name for each in found.items] == ["Ważny"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bought_within_days", "wczoraj"),
        ("bought_within_days", -1),
        ("ordered_in_a_year", "dużo"),
        ("ordered_in_a_year", "NaN"),
        ("segment", "nichts"),
        ("abc_xyz", "DX"),
        ("contact.shoe_size", 44),
        ("; drop table customer", 1),
    ],
)
def test_seg_01_a_rule_that_cannot_be_asked_is_refused_with_its_place(desk: Desk, field: str, value: Any) -> None:
    with pytest.raises(WrongFields) as caught:
        desk.do(CreateSegment(name="x", subject="contact", criteria=rule(where(field, value))))

    (place,) = caught.value.details["fields"]
    assert place.startswith("/conditions/0")


def test_seg_02_members_follow_a_merge_and_come_back_when_it_is_undone(desk: Desk) -> None:
    kept, absorbed = desk.make_customer(name="Młyn"), desk.make_customer(name="Młyn 2")
    group = desk.do(CreateSegment(name="g", kind="picked"))
    desk.do(PickMembers(segment_id=group, ids=(kept, absorbed)))

    merge = desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed))
    together = names(desk, group)
    desk.do(UndoMerge(merge_id=merge))

    assert (together, sorted(names(desk, group))) == (["Młyn"], ["Młyn", "Młyn 2"])


def test_seg_02_names_rights_and_versions_are_held(desk: Desk) -> None:
    group = desk.do(CreateSegment(name="g", kind="picked"))
    ruled = desk.do(CreateSegment(name="r"))

    for refused, command in (
        (SegmentNameTaken, CreateSegment(name="g")),
        (WrongFields, CreateSegment(name=" ")),
        (WrongFields, CreateSegment(name="x", kind="guess")),
        (NotPicked, PickMembers(segment_id=ruled, ids=("a",))),
        (WrongFields, PickMembers(segment_id=group, ids=("nobody",))),
        (SegmentNotFound, TakeSnapshot(segment_id="nichts", reason="x")),
        (ChangedMeanwhile, ChangeSegment(segment_id=group, changes={"name": "h"}, expected_version=7)),
    ):
        with pytest.raises(refused):
            desk.do(command)
    with pytest.raises(Forbidden):
        desk.do(CreateSegment(name="y"), actor=READER)
    with pytest.raises(Forbidden):
        desk.ask(segments, actor=STRANGER)


def test_seg_06_classes_are_those_of_the_formulas(desk: Desk) -> None:
    months = {
        "steady": (800, 800, 800, 800),
        "once": (None, 400, 0, 0),
        "late": (None, None, 190, 10),
        "uneven": (10, 30, 5, 15),
        "back": (100, -110, 0, 0),
    }
    rows = [
        (name, date(2026, month, 3), Decimal(value))
        for name, sums in months.items()
        for month, value in enumerate(sums, 1)
        if value is not None
    ]
    sold = values(column("customer_id", String), column("day", Date), column("value", Numeric), name="s").data(rows)
    with desk.units.reading(STRANGER) as view:
        found = classes(select(sold.c.customer_id, sold.c.day, sold.c.value), date(2026, 5, 1))
        told = {each.customer_id: each.abc + each.xyz for each in view.session.execute(select(found))}

    assert told == {"steady": "AX", "once": "BZ", "late": "B–", "uneven": "CY", "back": "––"}


def test_seg_06_a_cell_of_the_matrix_is_a_rule(desk: Desk, clock: FixedClock) -> None:
    steady, rare = desk.make_customer(name="Stały"), desk.make_customer(name="Rzadki")
    desk.make_customer(name="Nikt")
    for month in range(4):
        desk.do(IssueInvoice(customer_id=steady, lines=(make_line(unit_price=Decimal(1000)),)))
        if month == 0:
            desk.do(IssueInvoice(customer_id=rare, lines=(make_line(unit_price=Decimal(10)),)))
        clock.advance(timedelta(days=31))

    found = desk.ask(matrix)
    chosen = {
        cell: [each.name for each in desk.ask(preview, "customer", rule(where("abc_xyz", cell))).items]
        for cell in ("AX", "A", "CZ", "-Z", "BY")
    }

    assert [(each.abc, each.xyz, each.customers) for each in found.cells] == [("A", "X", 1), ("C", "Z", 1)]
    assert chosen == {"AX": ["Stały"], "A": ["Stały"], "CZ": ["Rzadki"], "-Z": ["Rzadki"], "BY": []}
