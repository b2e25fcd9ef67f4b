"""Mailings: one mail for each member of a segment at its time, and who is left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.clock import FixedClock
from crm.activities.queries import activity
from crm.activities.settling import CancelActivity, PostponeActivity
from crm.errors import WrongFields
from crm.mailings.queries import Mailing, mailing_of, reachable
from crm.mailings.sending import PlanMailing, ask_for_mailings, run_mailing
from crm.outbox.handling import BarAddress, NoteBounce, NoteDelivered, SetWish
from crm.outbox.queries import MessageFilter, messages
from crm.profiles import Email
from crm.segments.defining import CreateSegment, PickMembers
from tests.mailbox import Mailbox
from tests.post_office import EWA, KEEPER, PostOffice, open_office
from tests.web import form_token, log_in
from webapp.bootstrap import Application

WORDS = {"subject": "Wiosenna oferta", "text": "Dzień dobry,\npolecamy pompy.\n"}


@pytest.fixture
def office(application: Application) -> Iterator[PostOffice]:
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


def firm(office: PostOffice, name: str, address: str | None) -> str:
    return office.customer(name=name, emails=(Email(address=address),) if address else (), tax_id=None)


@pytest.fixture
def group(office: PostOffice) -> str:
    """Two who can be written to, and four who cannot: no address, opted out, came back, no marketing."""
    firms = {
        "Alfa": "alfa@example.com",
        "Beta": "beta@example.com",
        "Bez adresu": None,
        "Nie chce": "stop@example.com",
        "Wraca": "gone@example.com",
        "Bez reklam": "quiet@example.com",
    }
    ids = {name: firm(office, name, address) for name, address in firms.items()}
    office.do(BarAddress(channel="email", address="stop@example.com", reason="asked"), KEEPER)
    sent = office.queue(customer_id=ids["Wraca"], channel="email")
    office.send()
    ours = (office.message(sent).message_id,)
    office.do(NoteBounce(outside_ids=ours, recipient="gone@example.com", status="5.1.1", reason="gone"), KEEPER)
    office.box.letters.clear()
    office.do(SetWish(customer_id=ids["Bez reklam"], channel=None, is_without_marketing=True))
    made = office.do(CreateSegment(name="Pompy", kind="picked"))
    office.do(PickMembers(segment_id=made, ids=tuple(ids.values())))
    return str(made)


def plan(office: PostOffice, group: str, **values: Any) -> str:
    at = office.application.clock.now() + timedelta(hours=2)
    return str(office.do(PlanMailing(**{"segment_id": group, "at": at, **WORDS} | values)))


def work(office: PostOffice) -> int:
    """What the clock, the workers and the outbox do."""
    due = ask_for_mailings(office.application)
    for each in due:
        run_mailing(office.application, {"activity_id": each})
    office.send()
    return len(due)


def found(office: PostOffice, planned: str) -> Mailing:
    told = office.ask(mailing_of, planned)
    assert told is not None
    return told


def test_seg_07_a_planned_mail_to_a_group_is_sent_to_each_at_its_time_and_is_held_with_numbers(
    office: PostOffice, group: str, clock: FixedClock
) -> None:
    planned = plan(office, group)
    early = work(office)
    clock.advance(timedelta(hours=3))

    work(office)
    again = work(office)

    held, told = office.ask(activity, planned), found(office, planned)
    assert (early, again) == (0, 0)
    assert sorted(recipients for recipients, _ in office.box.letters) == [["alfa@example.com"], ["beta@example.com"]]
    assert held.status == "held"
    assert "2 of 6 members were written to, 4 left out." in (held.content.note or "")
    assert (told.members, told.queued, told.left_out, told.states) == (6, 2, 4, {"sent": 2})
    sent = office.ask(messages, MessageFilter(about=f"crm.activity:{planned}")).items
    office.do(NoteDelivered(message_id=sent[0].id), KEEPER)
    assert found(office, planned).states == {"sent": 1, "delivered": 1}
    assert {each.created_by for each in sent} == {EWA.id}


def test_seg_07_a_mailing_moves_and_falls_away_with_its_contact(
    office: PostOffice, group: str, clock: FixedClock
) -> None:
    moved, cancelled = plan(office, group), plan(office, group)
    later = clock.now() + timedelta(days=2)
    office.do(PostponeActivity(activity_id=moved, planned_from=later, reason="price"))
    office.do(CancelActivity(activity_id=cancelled, reason="inna kampania"))
    clock.advance(timedelta(hours=3))

    before = work(office)
    clock.advance(timedelta(days=2))
    work(office)

    assert before == 0
    assert len(office.box.letters) == 2
    assert not found(office, cancelled).has_begun


def test_seg_07_a_worker_that_dies_writes_to_nobody_twice(
    office: PostOffice, group: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.mailings.sending.BATCH", 2)
    planned = plan(office, group)
    clock.advance(timedelta(hours=3))
    monkeypatch.setattr("crm.mailings.sending.TURN", 1)

    turns = [work(office) for _ in range(5)]

    assert turns == [1, 1, 1, 1, 0]
    assert len(office.box.letters) == 2
    assert found(office, planned).left_out == 4


def test_seg_04_who_gets_nothing_is_told_when_the_segment_is_chosen(office: PostOffice, group: str) -> None:
    marketing = office.ask(reachable, group, channel="email", purpose="marketing")
    business = office.ask(reachable, group, channel="email", purpose="business")
    letters = office.ask(reachable, group, channel="letter", purpose="marketing")

    assert (marketing.total, marketing.looked_at, marketing.reachable) == (6, 6, 2)
    assert {each.name: each.sentence for each in marketing.left_out} == {
        "Bez adresu": "Bez adresu has no e-mail address.",
        "Nie chce": "stop@example.com has opted out of messages by email.",
        "Wraca": "Messages to gone@example.com come back (gone). Correct the address, or free it.",
        "Bez reklam": "Bez reklam wants no marketing and no greetings.",
    }
    assert {each.name for each in business.left_out} == {"Bez adresu", "Wraca"}
    assert {each.name for each in letters.left_out} == {"Bez reklam"}


def test_seg_04_a_mailing_is_planned_on_the_page_that_shows_who_is_left_out(
    office: PostOffice, group: str, anna: FlaskClient, clock: FixedClock
) -> None:
    log_in(anna)

    page = anna.get(f"/segments/{group}/mailing").text
    fields = {"csrf_token": form_token(anna), "at": "2026-02-01T10:00", "purpose": "marketing", **WORDS}
    wrong = anna.post(f"/segments/{group}/mailing", data=fields | {"text": ""})
    made = anna.post(f"/segments/{group}/mailing", data=fields)
    clock.advance(timedelta(days=60))
    work(office)
    log_in(anna)
    shown = anna.get(made.location).text

    assert "<strong>2</strong> of 6 can be written to" in page
    assert "has opted out" in page
    assert wrong.status_code == 422
    assert "Wiosenna oferta" in wrong.text
    assert "has opted out" in shown
    assert "Left out" in shown
    assert "<strong>4</strong>" in anna.get(f"/segments/{group}/reachable?purpose=business").text
    letters = {"csrf_token": form_token(anna), "segment": group, "purpose": "marketing"}
    assert "Bez reklam wants no marketing" in anna.post("/letters/recipients", data=letters).text


def test_a_mailing_without_words_or_of_no_purpose_is_refused(office: PostOffice, group: str) -> None:
    with pytest.raises(WrongFields) as refusal:
        plan(office, group, text=" ", purpose="spam")

    assert set(refusal.value.details["fields"]) == {"/text", "/purpose"}
    assert office.rows("SELECT 1 FROM mailing") == []
