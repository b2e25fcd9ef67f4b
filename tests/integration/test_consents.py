"""What people allow and withdraw is kept for good, and what leaves the firm keeps to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from audit.erasing import ErasePersonalData
from audit.queries import entries
from audit.verify import check_chains
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.contacts import CreateContact
from crm.erasing import remains
from crm.errors import WrongFields
from crm.outbox.errors import NoWayToReach
from crm.privacy.consent_queries import Consents, consents
from crm.privacy.consents import RecordConsent, WriteClause
from documents.templates.mailing import write_batch
from tests.integration.test_templates import adopt
from tests.mailbox import Mailbox
from tests.offer_case import AUDITOR
from tests.post_office import EWA, PostOffice, open_office, person
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.bootstrap import Application

NOON = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
DIRECTOR = person("dora", "sales_director")


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    clock.set(NOON)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


@pytest.fixture
def anna(office: PostOffice) -> str:
    order = CreateContact(
        customer_id=office.customer(), name="Anna Nowak", email="anna@wisla.example", mobile="+48600100300"
    )
    return str(office.do(order, SYSTEM))


def says(office: PostOffice, contact: str, state: str, purpose: str = "marketing", **more: object) -> str:
    told = {"wording": "May we send you offers?"} if state == "given" else {}
    order = RecordConsent(**{"contact_id": contact, "purpose": purpose, "state": state} | told | more)  # type: ignore[arg-type]
    return str(office.do(order))


def told(office: PostOffice, contact: str) -> Consents:
    found: Consents = office.ask(consents, contact)
    return found


def test_sec_04_the_newest_word_holds_and_every_earlier_one_is_kept(
    office: PostOffice, anna: str, clock: FixedClock
) -> None:
    office.do(WriteClause(purpose="newsletter", text="May we send you our newsletter?"), DIRECTOR)
    says(office, anna, "given", "newsletter", wording=None)
    says(office, anna, "given", "newsletter", wording=None, channel="sms")
    clock.advance(timedelta(minutes=1))
    office.do(WriteClause(purpose="newsletter", text="Do you want our newsletter once a month?"), DIRECTOR)
    says(office, anna, "withdrawn", "newsletter", source="phone", remark="Zadzwoniła")
    clock.advance(timedelta(minutes=1))
    says(office, anna, "given", "newsletter", wording=None, channel="letter")

    found = told(office, anna)

    assert [(each.state, each.channel, each.clause, each.wording) for each in found.history] == [
        ("given", "letter", 2, "Do you want our newsletter once a month?"),
        ("withdrawn", "any", None, None),
        ("given", "sms", 1, "May we send you our newsletter?"),
        ("given", "any", 1, "May we send you our newsletter?"),
    ]
    assert [(each.state, each.channel) for each in found.current] == [("withdrawn", "any"), ("given", "letter")]
    assert {each.recorded_by for each in found.history} == {EWA.id}


def test_sec_04_who_withdrew_gets_no_marketing_that_way_and_hears_of_business(office: PostOffice, anna: str) -> None:
    says(office, anna, "withdrawn", channel="email")

    with pytest.raises(NoWayToReach, match=r"Anna Nowak withdrew the consent to marketing by email on 28\.02\.2026"):
        office.queue(contact_id=anna, channel="email", purpose="marketing")

    assert office.queue(contact_id=anna, channel="sms", purpose="marketing")
    assert office.queue(contact_id=anna, channel="email", purpose="business")


def test_sec_04_who_allows_it_again_gets_it_again(office: PostOffice, anna: str, clock: FixedClock) -> None:
    says(office, anna, "withdrawn")
    clock.advance(timedelta(minutes=1))
    says(office, anna, "given", channel="email")

    assert office.queue(contact_id=anna, channel="email", purpose="marketing")
    with pytest.raises(NoWayToReach, match="withdrew the consent to marketing"):
        office.queue(contact_id=anna, channel="sms", purpose="marketing")


def test_sec_04_a_message_that_waits_is_not_sent_to_who_withdrew_meanwhile(office: PostOffice, anna: str) -> None:
    message = office.queue(contact_id=anna, channel="email", purpose="marketing")
    says(office, anna, "withdrawn", "newsletter")

    office.send()

    found = office.message(message)
    assert (found.state, found.reason) == ("failed", "Anna Nowak withdrew the consent to newsletter on 28.02.2026.")
    assert office.box.letters == []


def test_sec_04_letters_to_many_leave_out_who_objects_and_say_why(
    program: Callable[..., Program], office: PostOffice
) -> None:
    secretary = program("maria", "sales_manager")
    template = adopt(secretary).json["id"]
    ids = [office.customer(name=name, customer_kind="consumer") for name in ("Ewa Kos", "Jan Lis")]
    ewa, jan = (office.do(CreateContact(customer_id=each, name="Osoba"), SYSTEM) for each in ids)
    says(office, ewa, "withdrawn", channel="letter")
    says(office, jan, "withdrawn", channel="sms")
    states = {}
    for purpose in ("marketing", "business"):
        body = {"title": "Cennik", "template": template, "recipients": {"ids": ids}, "purpose": purpose}
        merge = secretary.post("/merges", json=body).json["id"]
        write_batch(office.application, merge)
        letters = secretary.get(f"/merges/{merge}/letters").json["items"]
        states[purpose] = [(each["name"], each["state"], each["sentence"]) for each in letters]

    assert states["business"] == [("Ewa Kos", "filed", None), ("Jan Lis", "filed", None)]
    assert states["marketing"] == [
        ("Ewa Kos", "refused", "Osoba withdrew the consent to marketing by letter on 28.02.2026."),
        ("Jan Lis", "filed", None),
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"purpose": "astrology"}, "has no value astrology"),
        ({"state": "perhaps"}, "must be one of given, withdrawn"),
        ({"channel": "drum"}, "must be one of any, email"),
        ({"happened_at": datetime(2027, 1, 1, tzinfo=UTC)}, "not before"),
        ({"happened_at": datetime(2026, 1, 1)}, "has no zone"),  # noqa: DTZ001 -- that is the fault
        ({"wording": None}, "write down the wording"),
        ({"clause": 7, "wording": None}, "write down the wording"),
        ({"evidence_id": "01AAAAAAAAAAAAAAAAAAAAAAAA"}, "no such document, or you may not see it"),
    ],
)
def test_sec_04_a_consent_that_proves_nothing_is_refused(
    office: PostOffice, anna: str, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(WrongFields, match=sentence):
        says(office, anna, **{"state": "given"} | wrong)  # type: ignore[arg-type]

    assert told(office, anna).history == []


def test_sec_04_who_may_not_edit_customers_records_no_consent(office: PostOffice, anna: str) -> None:
    with pytest.raises(Forbidden):
        office.do(RecordConsent(contact_id=anna, purpose="marketing", state="withdrawn"), AUDITOR)
    with pytest.raises(Forbidden):
        office.do(WriteClause(purpose="marketing", text="Tak?"), EWA)


def test_sec_04_proof_of_a_consent_outlives_the_person_and_remarks_do_not(office: PostOffice, anna: str) -> None:
    paper = office.file().id
    says(office, anna, "given", evidence_id=paper, remark="Anna Nowak podpisała przy okienku")

    before = office.ask(remains, anna)
    office.do(ErasePersonalData(subject=f"contact:{anna}", reason="Wniosek"), SYSTEM)

    kept = told(office, anna).history
    assert before.consents == 1
    assert [(each.state, each.wording, each.evidence_id, each.remark) for each in kept] == [
        ("given", "May we send you offers?", paper, None)
    ]
    assert paper in [each.id for each in office.ask(remains, anna).documents]
    with office.application.units.reading(AUDITOR) as view:
        happened = {each.type: each.data for each in entries(view, limit=200).items}
        assert list(check_chains(view)) == []
    assert happened["consent.recorded"]["evidence_id"] == paper
    assert "podpisała" not in str(happened)
    assert happened["contact.erased"]["consents"] == 1


def test_sec_04_consents_are_recorded_on_the_persons_page_and_read_by_rest(
    app: Flask, add_account: Callable[..., str], program: Callable[..., Program], office: PostOffice, anna: str
) -> None:
    add_account("jan", "sales_rep", password=PASSWORD)
    client = app.test_client()
    log_in(client, name="jan")
    at = f"/contacts/{anna}/consents"
    form = {"purpose": "newsletter", "source": "paper_form", "channel": "any", "state": "given"}
    form["csrf_token"] = form_token(client)

    refused = client.post(at, data=form)
    page = client.post(at, data=form | {"wording": "Chcę <newsletter>"}, follow_redirects=True)

    assert refused.status_code == 422
    assert "write down the wording" in refused.text
    assert "Chcę &lt;newsletter&gt;" in page.text
    reader = program("piotr", "auditor")
    found = reader.get(f"/contacts/{anna}/consents").json
    assert [(each["purpose"], each["source"]) for each in found["current"]] == [("newsletter", "paper_form")]
    assert reader.get("/consents?purpose=newsletter").json["total"] == 1
    assert (
        reader.post(f"/contacts/{anna}/consents", json={"purpose": "newsletter", "state": "given"}).status_code == 403
    )
    assert "Anna Nowak" in client.get("/consents?state=given").text
    assert "Anna Nowak" not in client.get("/consents?state=withdrawn").text
