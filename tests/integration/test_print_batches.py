"""Letters are printed together in postal order, posted, and come back."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from crm.activities.queries import ActivityFilter, activities
from crm.blocking import BlockCustomer
from crm.outbox.batches import Batch, BatchLetter, MakeBatch, PostBatch, PrintAgain, batch
from crm.outbox.errors import NothingToPrint, WrongMessageState
from crm.outbox.handling import NoteReturned, NoteTracking
from crm.profiles import Address
from storage.jobs.worker import Worker
from tests.mailbox import Mailbox
from tests.post_office import KEEPER, PostOffice, open_office
from webapp.bootstrap import Application

PLACES = (("00-950", "Warszawa", "PL"), ("10115", "Berlin", "DE"), ("00-001", "Warszawa", "PL"))


@pytest.fixture
def office(application: Application) -> Iterator[PostOffice]:
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


def letters(office: PostOffice) -> list[str]:
    queued = []
    for number, (code, city, country) in enumerate(PLACES):
        address = Address(street="ul. Długa 1", postal_code=code, city=city, country=country)
        customer = office.customer(name=f"Firma {number}", addresses=(address,))
        queued.append(office.queue(customer_id=customer, channel="letter", subject=f"Pismo {number}", text="Zażółć."))
    return queued


def printed(office: PostOffice) -> str:
    made: str = office.do(MakeBatch(), KEEPER)
    Worker(office.application.database.engine, office.application).drain()
    return made


def read(office: PostOffice, batch_id: str) -> tuple[Batch, list[BatchLetter]]:
    found: tuple[Batch, list[BatchLetter]] = office.ask(batch, batch_id)
    return found


def pages(office: PostOffice, document_id: str | None) -> list[str]:
    ((digest,),) = office.rows(f"SELECT digest FROM document_version WHERE document_id = '{document_id}'")
    with office.application.blobs.open(digest) as content:
        return [page.extract_text() for page in PdfReader(io.BytesIO(content.read())).pages]


def test_sms_01_letters_are_printed_in_postal_order_with_posting_book_and_labels(office: PostOffice) -> None:
    letters(office)

    found, ordered = read(office, printed(office))

    assert [each.envelope["postal_code"] for each in ordered] == ["00-001", "00-950", "10115"]
    texts = pages(office, found.document_id)
    assert ["Pismo 2" in texts[0], "Pismo 0" in texts[1], "Pismo 1" in texts[2]] == [True] * 3
    assert "Firma 1" in pages(office, found.book_id)[0]
    assert "Firma 1" in pages(office, found.labels_id)[0]
    assert not any("Reprint" in each for each in texts)


def test_sms_01_a_reprint_is_marked_on_every_page(office: PostOffice) -> None:
    letters(office)
    batch_id = printed(office)

    office.do(PrintAgain(batch_id=batch_id), KEEPER)
    Worker(office.application.database.engine, office.application).drain()

    found, _ = read(office, batch_id)
    assert found.prints == 2
    assert all("Reprint" in each for each in pages(office, found.document_id))


def test_sms_01_what_the_post_has_is_sent_and_an_activity(office: PostOffice) -> None:
    first, *_ = letters(office)
    batch_id = printed(office)

    counts = [office.do(PostBatch(batch_id=batch_id), KEEPER) for _ in range(2)]

    found = office.message(first)
    assert (counts, found.state, found.digest is not None) == ([3, 0], "sent", True)
    (activity,) = office.ask(activities, ActivityFilter(customer_id=found.customer_id)).items
    assert activity.method == "post"


def test_sms_05_a_letter_has_a_tracking_number_and_may_come_back(office: PostOffice) -> None:
    first, *_ = letters(office)
    with pytest.raises(WrongMessageState):
        office.do(NoteReturned(message_id=first, reason="moved"))
    office.do(PostBatch(batch_id=printed(office)), KEEPER)

    office.do(NoteTracking(message_id=first, tracking_number="RR123456789PL"))
    office.do(NoteReturned(message_id=first, reason="moved away"))

    found = office.message(first)
    assert (found.state, found.reason, found.tracking_number) == ("returned", "moved away", "RR123456789PL")


def test_nothing_to_print_is_told(office: PostOffice) -> None:
    with pytest.raises(NothingToPrint):
        office.do(MakeBatch(), KEEPER)


def test_what_is_not_printed_cannot_be_posted(office: PostOffice) -> None:
    letters(office)
    batch_id = office.do(MakeBatch(), KEEPER)

    with pytest.raises(WrongMessageState, match="not printed"):
        office.do(PostBatch(batch_id=batch_id), KEEPER)


def test_marketing_that_waits_does_not_leave_for_a_customer_who_was_blocked_and_business_does(
    office: PostOffice,
) -> None:
    customer = office.customer()
    queued = {
        (purpose, channel): office.queue(customer_id=customer, channel=channel, purpose=purpose)
        for purpose in ("marketing", "business")
        for channel in ("email", "letter")
    }
    office.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), KEEPER)

    office.send()
    office.do(MakeBatch(), KEEPER)

    assert {key: office.message(message).state for key, message in queued.items()} == {
        ("marketing", "email"): "failed",
        ("marketing", "letter"): "cancelled",
        ("business", "email"): "sent",
        ("business", "letter"): "sending",
    }
