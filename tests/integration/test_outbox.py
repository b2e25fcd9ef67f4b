"""Messages leave once, by the way that is open, and leave a proof."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from core.clock import FixedClock
from core.errors import Unavailable
from core.identity import SYSTEM
from crm.activities.queries import ActivityFilter, activities
from crm.errors import WrongFields
from crm.outbox.errors import MessageNotFound, NoWayToReach, WrongMessageState
from crm.outbox.handling import BarAddress, CancelMessage, NoteBounce, RetryMessage, SetWish
from crm.outbox.ports import Holds, PaperRef
from crm.outbox.queries import MessageFilter, messages
from crm.outbox.queueing import Letterhead
from crm.outbox.sending import LEASE, MOST_TRIES, ClaimMessage
from crm.outbox.sent import documents_sent
from crm.outbox.texts import WriteText
from documents.filing import AddVersion
from documents.links import DocumentLink
from documents.queries import linked_documents
from storage.jobs.worker import Worker
from storage.unit_of_work import UnitOfWork
from tests.mailbox import Mailbox
from tests.post_office import EWA, KEEPER, PostOffice, open_office, person
from webapp.bootstrap import Application
from webapp.outbox.delivery import ask_for_sending


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


def test_off_07_a_mail_leaves_with_documents_at_fixed_versions_and_is_filed(office: PostOffice) -> None:
    customer = office.customer()
    document = office.file(b"%PDF-1.7 first", links=[DocumentLink(kind="crm.customer", id=customer)])
    sent = office.queue(customer_id=customer, channel="email", papers=(PaperRef(document_id=document.id),))
    second = io.BytesIO(b"%PDF-1.7 second")
    newer = office.application.blobs.put(second, announce=office.application.staging.announce)
    office.do(AddVersion(document_id=document.id, blob=newer, file_name="Oferta.pdf"))

    office.send()

    ((recipients, letter),) = office.box.letters
    (attached,) = letter.iter_attachments()
    found = office.message(sent)
    assert (recipients, letter["Subject"]) == (["biuro@wisla.example"], "Oferta")
    assert attached.get_content() == b"%PDF-1.7 first"
    assert sha256(attached.get_content()).hexdigest() == found.documents[0].digest == document.digest
    assert (found.state, f"<{found.message_id}>", found.sent_at is not None) == ("sent", letter["Message-ID"], True)
    filed = [each for each in office.ask(linked_documents, "crm.customer", customer) if each.role == "sent"]
    assert [(each.document_id, each.media_type) for each in filed] == [(found.document_id, "message/rfc822")]
    assert filed[0].digest == found.digest
    (activity,) = office.ask(activities, ActivityFilter(customer_id=customer)).items
    assert (activity.method, activity.direction, activity.subject, activity.employee) == (
        "email",
        "outgoing",
        "Oferta",
        "ewa",
    )


def test_cus_18_documents_sent_are_those_that_really_left_in_the_version_that_left(office: PostOffice) -> None:
    customer = office.customer()
    document = office.file(b"%PDF-1.7 first", links=[DocumentLink(kind="crm.customer", id=customer)])
    papers = (PaperRef(document_id=document.id),)
    office.queue(customer_id=customer, channel="email", papers=papers)
    office.queue(customer_id=customer, channel="email", key="no papers")
    office.send()
    newer = office.application.blobs.put(io.BytesIO(b"%PDF 2"), announce=office.application.staging.announce)
    office.do(AddVersion(document_id=document.id, blob=newer, file_name="Oferta.pdf"))
    office.queue(customer_id=customer, channel="email", papers=papers, key="still waits")

    (sent,) = office.ask(documents_sent, customer).items

    assert (sent.document_id, sent.version, sent.digest) == (document.id, 1, document.digest)
    assert (sent.channel, sent.recipient, sent.sent_at) == (
        "email",
        "biuro@wisla.example",
        office.application.clock.now(),
    )


def test_what_goes_with_a_sent_mail_is_not_filed_once_more(office: PostOffice) -> None:
    customer = office.customer()
    document = office.file(links=[DocumentLink(kind="crm.customer", id=customer)])
    office.queue(customer_id=customer, channel="email", papers=(PaperRef(document_id=document.id),))

    Worker(office.application.database.engine, office.application).drain()

    assert len(office.box.letters) == 1
    assert office.rows("SELECT count(*) FROM document") == [(2,)]
    assert office.rows("SELECT count(*) FROM mail") == [(1,)]


def test_the_trail_tells_of_a_message_without_telling_its_link(office: PostOffice) -> None:
    sent = office.queue(customer_id=office.customer(), channel="email")
    office.send()

    types = office.rows(f"SELECT type FROM audit_entry WHERE stream = 'message:{sent}' ORDER BY id")

    assert [each for (each,) in types] == ["message.queued", "message.sent"]


def test_the_same_key_twice_is_one_message(office: PostOffice) -> None:
    customer = office.customer()

    first, second = (office.queue(customer_id=customer, channel="email", key="invoice-7") for _ in range(2))
    office.send()

    assert first == second
    assert len(office.box.letters) == 1


def test_a_server_that_is_away_is_tried_again_after_growing_pauses(office: PostOffice, clock: FixedClock) -> None:
    office.box.reply = "451 later"
    sent = office.queue(customer_id=office.customer(), channel="email")
    pauses = []
    for _ in range(3):
        office.send()
        waiting = office.message(sent)
        pauses.append((waiting.due_at - clock.now()).total_seconds())
        clock.advance(waiting.due_at - clock.now())
    office.box.reply = "250 OK"

    office.send()

    assert pauses[0] < pauses[1] < pauses[2]
    assert 24 <= pauses[0] <= 36
    found = office.message(sent)
    assert (found.state, found.attempts, len(office.box.letters)) == ("sent", 4, 1)
    assert [each.outcome for each in found.tries] == ["later", "later", "later", "sent"]
    assert "451 later" in (found.tries[0].answer or "")


def test_a_message_that_never_leaves_is_a_dead_letter_that_can_be_tried_again(
    office: PostOffice, clock: FixedClock
) -> None:
    office.box.reply = "451 later"
    sent = office.queue(customer_id=office.customer(), channel="email")
    for _ in range(MOST_TRIES + 3):
        office.send()
        clock.advance(timedelta(hours=8))
    dead = office.message(sent)
    office.box.reply = "250 OK"

    office.do(RetryMessage(message_id=sent))
    office.send()

    assert (dead.state, dead.attempts) == ("failed", MOST_TRIES)
    assert office.message(sent).state == "sent"


def test_a_refusal_for_good_fails_at_once_and_tells_why(office: PostOffice) -> None:
    office.box.refuse["biuro@wisla.example"] = "550 no such person"
    sent = office.queue(customer_id=office.customer(), channel="email")

    office.send()

    found = office.message(sent)
    assert (found.state, found.attempts, found.refused) == ("failed", 1, ["biuro@wisla.example"])
    assert "no such person" in (found.reason or "")


def test_a_message_can_be_cancelled_only_while_it_waits(office: PostOffice) -> None:
    customer = office.customer()
    waiting, gone = (office.queue(customer_id=customer, channel="email", key=str(each)) for each in range(2))
    office.do(CancelMessage(message_id=waiting, reason="the payment came"))

    office.send()

    assert (office.message(waiting).state, office.message(gone).state) == ("cancelled", "sent")
    assert len(office.box.letters) == 1
    with pytest.raises(WrongMessageState, match="is sent"):
        office.do(CancelMessage(message_id=gone, reason="too late"))


def test_others_messages_cannot_be_touched(office: PostOffice) -> None:
    sent = office.queue(customer_id=office.customer(), channel="email")

    with pytest.raises(MessageNotFound):
        office.do(CancelMessage(message_id=sent, reason="mine"), person("jan", "sales_rep"))


def test_whoever_holds_a_message_back_is_asked_right_before_it_leaves(office: PostOffice) -> None:
    class Paid:
        def why_not(self, unit: UnitOfWork, message_id: str) -> str | None:
            return "the invoice was paid meanwhile"

    sent = office.queue(customer_id=office.customer(), channel="email")
    office.application.units.ports[Holds] = Paid()

    office.send()

    assert (office.message(sent).state, office.message(sent).reason) == ("cancelled", "the invoice was paid meanwhile")
    assert office.box.letters == []


def test_a_message_that_is_too_late_does_not_leave(office: PostOffice, clock: FixedClock) -> None:
    sent = office.queue(customer_id=office.customer(), channel="email", not_after=clock.now() + timedelta(hours=1))
    clock.advance(timedelta(hours=2))

    office.send()

    assert office.message(sent).state == "cancelled"


def test_a_claim_whose_worker_died_is_taken_over_after_its_lease(office: PostOffice, clock: FixedClock) -> None:
    sent = office.queue(customer_id=office.customer(), channel="email")
    died = office.do(ClaimMessage(), SYSTEM)

    before = office.send()
    clock.advance(LEASE + timedelta(seconds=1))
    ask_for_sending(office.application)
    Worker(office.application.database.engine, office.application).drain()

    assert (died.message_id, before) == (sent, 0)
    found = office.message(sent)
    assert [(each.outcome, each.ended_at is None) for each in found.tries] == [(None, True), ("sent", False)]


def test_sms_03_a_message_goes_the_preferred_way_without_anybody_choosing(office: PostOffice) -> None:
    customer = office.customer()
    office.do(SetWish(customer_id=customer, channel="sms"))
    sent = office.queue(SYSTEM, customer_id=customer, template="greeting", subject="", text="")

    office.send()

    found = office.message(sent)
    assert (found.channel, found.state, found.recipient) == ("sms", "sent", "+48600100200")
    assert "Wisła Pompy" in office.sms.parcels[0].text
    (activity,) = office.ask(activities, ActivityFilter(customer_id=customer)).items
    assert activity.method == "sms"


def test_sms_03_the_next_channel_takes_over_when_the_preferred_one_fails(office: PostOffice) -> None:
    office.box.refuse["biuro@wisla.example"] = "550 no such person"
    first = office.queue(customer_id=office.customer())

    office.send()

    assert office.message(first).state == "failed"
    assert [each.recipient for each in office.sms.parcels] == ["+48600100200"]
    ((key, channel, state),) = office.rows(f"SELECT key, channel, state FROM outbox_message WHERE id <> '{first}'")
    assert (key.endswith(":sms"), channel, state) == (True, "sms", "sent")


def test_sms_02_a_customer_that_wants_no_sms_gets_none(office: PostOffice) -> None:
    customer = office.customer(no_sms=True)

    with pytest.raises(NoWayToReach, match="wants no SMS"):
        office.queue(customer_id=customer, channel="sms")


def test_sms_02_an_opt_out_counts_also_for_what_waits(office: PostOffice) -> None:
    sent = office.queue(customer_id=office.customer(), channel="sms")
    office.do(BarAddress(channel="sms", address="+48600100200", reason="answered STOP"))

    office.send()

    assert office.message(sent).state == "failed"
    assert office.sms.parcels == []


def test_marketing_respects_the_wish_and_business_goes_on(office: PostOffice) -> None:
    customer = office.customer()
    office.do(SetWish(customer_id=customer, is_without_marketing=True))

    with pytest.raises(NoWayToReach, match="no marketing"):
        office.queue(customer_id=customer, channel="email", purpose="marketing")
    assert office.queue(customer_id=customer, channel="email")


def test_sms_02_no_sms_leaves_at_night(office: PostOffice, clock: FixedClock) -> None:
    clock.set(datetime(2026, 1, 5, 22, 30, tzinfo=UTC))
    sent = office.queue(customer_id=office.customer(), channel="sms")

    at_night = office.send(), office.message(sent)
    clock.set(datetime(2026, 1, 6, 7, 1, tzinfo=UTC))
    office.send()

    assert (at_night[1].state, at_night[1].due_at) == ("queued", datetime(2026, 1, 6, 7, 0, tzinfo=UTC))
    assert office.message(sent).state == "sent"


def test_a_bounce_puts_the_message_back_and_marks_the_address(office: PostOffice) -> None:
    customer = office.customer()
    sent = office.queue(customer_id=customer, channel="email")
    office.send()
    ours = office.message(sent).message_id or ""

    delayed = office.do(NoteBounce(outside_ids=(ours,), recipient=None, status="4.4.1", reason="later"), KEEPER)
    state = office.message(sent).state
    office.do(NoteBounce(outside_ids=(ours,), recipient="biuro@wisla.example", status="5.1.1", reason="gone"), KEEPER)

    assert (delayed, state) == (sent, "sent")
    assert (office.message(sent).state, office.message(sent).reason) == ("returned", "gone")
    assert office.rows("SELECT bounced_at IS NOT NULL FROM customer_email") == [(True,)]
    with pytest.raises(NoWayToReach, match="come back"):
        office.queue(customer_id=customer, channel="email")


def test_a_bounce_that_names_somebody_else_changes_nothing(office: PostOffice) -> None:
    sent = office.queue(customer_id=office.customer(), channel="email")
    office.send()
    ours = office.message(sent).message_id or ""

    office.do(NoteBounce(outside_ids=(ours,), recipient="eve@evil.example", status="5.1.1", reason="x"), KEEPER)

    assert office.message(sent).state == "sent"


def test_a_text_is_filled_with_values_and_never_executed(office: PostOffice) -> None:
    customer = office.customer(name="{{ 7*7 }} {company.name}")
    office.do(
        WriteText(key="note", title="Note", subject="For {customer.name}", text="{{ 7*7 }} {author.name}"), KEEPER
    )
    sent = office.queue(customer_id=customer, channel="email", template="note", subject="", text="")

    office.send()

    assert office.message(sent).subject == "For {{ 7*7 }} {company.name}"
    assert office.box.letters[0][1].get_content().strip() == "{{ 7*7 }} Ewa"


def test_a_place_that_nothing_fills_is_refused_when_the_text_is_written(office: PostOffice) -> None:
    with pytest.raises(WrongFields, match=r"Nothing fills \{customer.password\}"):
        office.do(WriteText(key="note", title="N", subject="S", text="{customer.password}"), KEEPER)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"channel": "email", "subject": "A\r\nBcc: x@y.example"}, "one line"),
        ({"channel": "email", "recipient": "nobody"}, "not an e-mail address"),
        ({"channel": "email", "letterhead": Letterhead(cc=("x@y.example\nBcc: z@y.example",))}, "one line"),
        ({"channel": "pigeon"}, "must be one of"),
        ({"channel": "sms", "text": "ż" * 700}, "at most 10"),
        ({"channel": "email", "text": " "}, "text is missing"),
    ],
)
def test_what_cannot_be_a_message_is_refused(office: PostOffice, values: dict[str, str], told: str) -> None:
    with pytest.raises((WrongFields, NoWayToReach), match=told):
        office.queue(customer_id=office.customer(), **values)


def test_lists_show_all_to_who_looks_after_the_outbox_and_others_their_own(office: PostOffice) -> None:
    office.queue(customer_id=office.customer(), channel="email")
    jan = person("jan", "sales_rep")

    assert len(office.ask(messages, MessageFilter()).items) == 1
    assert len(office.ask(messages, MessageFilter(), actor=EWA).items) == 1
    assert office.ask(messages, MessageFilter(), actor=jan).items == []


def test_a_channel_that_is_not_set_up_waits_and_says_so(office: PostOffice) -> None:
    sent = office.queue(channel="fax", recipient="+48 22 123 45 67", subject="Fax")

    office.send()

    found = office.message(sent)
    assert (found.state, "OBIEG_FAX_DOMAIN" in (found.reason or "")) == ("queued", True)


def test_two_claims_at_once_never_take_the_same_message(office: PostOffice) -> None:
    customer = office.customer()
    wanted = {office.queue(customer_id=customer, channel="email", key=str(each)) for each in range(4)}

    claimed = [office.do(ClaimMessage(), SYSTEM) for _ in range(5)]

    assert {each.message_id for each in claimed if each} == wanted
    assert claimed[-1] is None


def test_the_sink_tells_its_trouble(office: PostOffice) -> None:
    office.sms.trouble = Unavailable("busy")
    sent = office.queue(customer_id=office.customer(), channel="sms")

    office.send()

    assert (office.message(sent).state, office.message(sent).reason) == ("queued", "busy")
