"""Other programs hear what happened: signed, again after failures, and never inside a private network."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from audit.sequencer import sequence
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import UpdateCustomer
from storage.jobs.worker import Worker
from tests.https_server import PUBLIC, Names, Reply, Server, answer
from tests.listening import URL, Listening, listen
from tests.post_office import person
from webapp.background import make_clock
from webapp.bootstrap import Application
from webapp.webhooks import queries
from webapp.webhooks.delivering import KEPT, PATIENCE, PAUSES, ClaimDelivery, ResendDelivery, ResendFailed, SendSample
from webapp.webhooks.errors import WrongWebhook, WrongWebhookState
from webapp.webhooks.jobs import forget_old, look_on
from webapp.webhooks.receivers import Receivers
from webapp.webhooks.subscribing import (
    OVERLAP,
    ChangeWebhook,
    CreateWebhook,
    PauseWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RotateSecret,
)


@pytest.fixture
def receiver() -> Iterator[Server]:
    running = Server()
    running.replies["/obieg"] = answer(204)
    yield running
    running.close()


@pytest.fixture
def listening(application: Application, receiver: Server) -> Listening:
    return listen(application, receiver)


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As docs/reference/webhooks.md tells receivers to check."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return any(hmac.compare_digest(wanted, each) for each in headers["webhook-signature"].split())


def test_erp_06_a_program_hears_of_each_event_that_it_asked_for_signed(listening: Listening) -> None:
    listening.subscribe("customer.*")

    customer_id = listening.customer()
    listening.deliver()

    ((method, path, headers, body),) = listening.server.seen
    assert (method, path, headers["content-type"][:30]) == ("POST", "/obieg?key=k3y", "application/cloudevents+json; ")
    told = json.loads(body)
    assert (told["type"], told["subject"]) == ("customer.created", f"customer:{customer_id}")
    assert told["data"]["record"] == f"/api/v1/customers/{customer_id}"
    assert told["data"]["keys"]["customer_id"] == customer_id
    assert told["id"] == headers["webhook-id"]
    assert is_genuine(listening.secret, headers, body)
    assert not is_genuine(listening.secret, headers, body.replace(b"created", b"changed"))
    assert not is_genuine(listening.secret, headers | {"webhook-timestamp": "1"}, body)
    assert "Pompy" not in body.decode()  # what is in a record is read by REST, by right
    (made,) = listening.deliveries()
    assert (made.state, [each.status for each in made.tries]) == ("delivered", [204])
    assert listening.deliver() == 0


def test_erp_06_the_clock_and_a_worker_deliver_by_themselves(listening: Listening) -> None:
    listening.subscribe("*")
    listening.customer()
    ticks = {tick.name: tick.action for tick in make_clock(listening.application)._ticks}

    ticks["log"]()
    ticks["webhooks"]()
    Worker(listening.application.database.engine, listening.application, threads=1).drain()

    assert "customer.created" in [each["type"] for each in listening.heard()]


def test_erp_06_what_fails_is_tried_again_after_growing_pauses_and_arrives_the_same(
    listening: Listening, clock: FixedClock
) -> None:
    listening.subscribe("customer.created")
    listening.reply(503, b"back soon")
    listening.customer()
    listening.deliver()
    (waiting,) = listening.deliveries()
    first = waiting.due_at - clock.now()
    clock.advance(first)
    listening.deliver()
    (waiting,) = listening.deliveries()
    second = waiting.due_at - clock.now()
    listening.reply(200)
    clock.advance(second)

    listening.deliver()

    (made,) = listening.deliveries()
    assert [each.status for each in made.tries] == [503, 503, 200]
    assert made.tries[0].answer == "503 back soon"
    assert (made.state, first < second) == ("delivered", True)
    assert len({body for _, _, _, body in listening.server.seen}) == 1
    assert len({headers["webhook-id"] for _, _, headers, _ in listening.server.seen}) == 1
    assert listening.webhook().failures == 0


def test_erp_06_what_is_given_up_is_kept_and_made_again_by_hand(listening: Listening, clock: FixedClock) -> None:
    listening.subscribe("customer.created")
    listening.reply(500, b"kaputt")
    listening.customer()
    for _ in range(len(PAUSES) + 1):
        listening.deliver()
        clock.set(max(clock.now(), listening.deliveries()[0].due_at))
    (dead,) = listening.deliveries()
    assert (dead.state, dead.reason, len(dead.tries)) == ("failed", "500 kaputt", len(PAUSES) + 1)
    assert listening.deliver() == 0
    listening.reply(200)
    listening.do(PauseWebhook(webhook_id=listening.id, reason="maintenance"))
    with pytest.raises(WrongWebhookState, match="Resume it first"):
        listening.do(ResendDelivery(delivery_id=dead.id))
    listening.do(ResumeWebhook(webhook_id=listening.id))

    resent = listening.do(ResendFailed(webhook_id=listening.id))
    listening.deliver()

    assert (resent, listening.deliveries()[0].state) == (1, "delivered")
    listening.do(ResendDelivery(delivery_id=dead.id))
    listening.deliver()
    assert len({each["id"] for each in listening.heard()}) == 1  # a repetition is known by its id
    with pytest.raises(WrongWebhookState, match="given up"):
        listening.do(ResendFailed(webhook_id=listening.id))


def test_erp_06_a_receiver_that_fails_rests_and_is_paused_after_days(listening: Listening, clock: FixedClock) -> None:
    listening.subscribe("customer.created")
    listening.reply(500)
    for number in range(3):
        listening.customer(f"Firma {number}")

    tried = listening.deliver()

    assert tried == 1  # the others would only run into the same failure
    while listening.webhook().state == "active":
        clock.advance(timedelta(hours=6))
        listening.deliver()
    assert clock.now() - listening.webhook().failing_since >= PATIENCE
    assert "Nothing arrived for 5 days" in (listening.webhook().reason or "")
    listening.customer("Meanwhile")
    assert listening.deliver() == 0
    listening.reply(200)
    listening.do(ResumeWebhook(webhook_id=listening.id))
    clock.advance(timedelta(hours=15))
    listening.deliver()
    assert listening.webhook().waiting == 0


def test_erp_06_a_receiver_that_is_gone_is_called_no_more_and_what_is_skipped_is_not_told(listening: Listening) -> None:
    listening.subscribe("customer.created")
    listening.reply(410)
    listening.customer("Pierwsza")
    listening.deliver()
    assert listening.webhook().state == "paused"
    listening.customer("Druga")
    sequence(listening.application.database.engine)

    listening.do(ResumeWebhook(webhook_id=listening.id, skip=True))
    listening.customer("Trzecia")
    listening.reply(200)
    listening.deliver()

    assert len(listening.deliveries()) == 2


def test_erp_06_a_worker_that_dies_leaves_its_delivery_to_the_next(listening: Listening, clock: FixedClock) -> None:
    listening.subscribe("customer.created")
    listening.customer()
    sequence(listening.application.database.engine)
    look_on(listening.application)
    listening.application.executor.execute(ClaimDelivery(webhook_id=listening.id), actor=SYSTEM)  # and dies
    assert listening.deliver() == 0
    clock.advance(timedelta(minutes=3))

    listening.deliver()

    (made,) = listening.deliveries()
    assert (made.state, [each.status for each in made.tries]) == ("delivered", [None, 204])


@pytest.mark.parametrize("inner", ["10.0.0.8", "127.0.0.1", "169.254.169.254", "192.168.1.4", "::1", "fd00::1"])
def test_erp_06_no_call_leads_into_a_private_network(listening: Listening, inner: str) -> None:
    listening.subscribe("customer.created")
    listening.names.names["api.example.com"] = [[PUBLIC, inner]]
    listening.customer()

    listening.deliver()

    assert (listening.server.seen, listening.names.connected) == ([], [])
    assert "inside a network" in (listening.deliveries()[0].reason or "")


def test_erp_06_a_name_that_leads_elsewhere_a_moment_later_and_a_redirect_lead_nowhere(listening: Listening) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        answer(307, Location="http://127.0.0.1/admin")(handler)

    redirect: Reply = elsewhere
    listening.subscribe("customer.created")
    listening.server.replies["/obieg"] = redirect
    listening.names.names["api.example.com"] = [[PUBLIC], ["127.0.0.1"]]
    listening.customer()

    listening.deliver()

    assert listening.names.connected == [PUBLIC]  # the address that was checked, asked once
    assert [each.status for each in listening.deliveries()[0].tries] == [307]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://hooks.example.com/", "must begin with https://"),
        ("https://10.1.2.3/hook", "OBIEG_WEBHOOK_HOSTS"),
        ("https://localhost/hook", "OBIEG_WEBHOOK_HOSTS"),
        ("https://[::1]/hook", "OBIEG_WEBHOOK_HOSTS"),
        ("https://anna:secret@hooks.example.com/", "must not hold a user"),
        ("ftp://hooks.example.com/", "must begin with https://"),
        ("https://hooks.example.com:99999/", "malformed"),
        ("hooks", "must begin with https://"),
    ],
)
def test_erp_06_an_address_that_is_never_called_is_refused_at_once(
    listening: Listening, url: str, sentence: str
) -> None:
    with pytest.raises(WrongWebhook, match=sentence.replace("[", r"\[")):
        listening.subscribe("*", url=url)


def test_erp_06_hosts_of_the_firm_are_called_when_a_setting_names_them(application: Application) -> None:
    plain = Server(encrypted=False)
    plain.replies["/in"] = answer(200)
    settings = replace(application.settings, webhook_hosts=(f"http://127.0.0.1:{plain.port}",))
    application.units.ports[Settings] = settings
    application.units.ports[Receivers] = Receivers(settings)
    inside = Listening(application, plain, Names(plain.port))
    inside.subscribe("customer.created", url=f"http://127.0.0.1:{plain.port}/in")
    inside.customer()

    inside.deliver()
    plain.close()

    assert [each["type"] for each in inside.heard()] == ["customer.created"]


def test_erp_06_secrets_stand_in_no_log_no_trail_and_no_table(
    listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    listening.subscribe("customer.created")
    old = listening.secret
    listening.reply(500)
    listening.customer()
    listening.deliver()
    new = listening.do(RotateSecret(webhook_id=listening.id))
    listening.do(SendSample(webhook_id=listening.id))
    listening.reply(200)
    listening.deliver()

    written = "\n".join(str(vars(each)) for each in caplog.records)
    with listening.application.database.engine.connect() as connection:
        for table in ("webhook", "webhook_delivery", "webhook_attempt"):
            written += str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
        trail = connection.exec_driver_sql("SELECT content FROM audit_entry").all()
    written += "\n".join(bytes(content).decode() for (content,) in trail)
    secrets = [each.removeprefix("whsec_") for each in (old, new.secret)]
    assert [each for each in secrets if each in written] == []
    assert "k3y" not in "\n".join(bytes(content).decode() for (content,) in trail)  # what stands behind the ?
    assert repr(new) == f"NewWebhook(id={listening.id!r})"


def test_erp_06_a_new_secret_signs_beside_the_old_one_for_a_day(listening: Listening, clock: FixedClock) -> None:
    listening.subscribe("customer.created")
    old, new = listening.secret, listening.do(RotateSecret(webhook_id=listening.id)).secret
    listening.customer("Dziś")
    listening.deliver()
    clock.advance(OVERLAP)
    listening.customer("Jutro")
    listening.deliver()

    checked = [
        (is_genuine(old, *said), is_genuine(new, *said)) for said in ((e[2], e[3]) for e in listening.server.seen)
    ]

    assert checked == [(True, True), (False, True)]


def test_erp_06_who_does_not_administer_webhooks_neither_sets_them_up_nor_sees_them(listening: Listening) -> None:
    listening.subscribe("*")
    seller = person("ewa", "sales_director", "operator", "auditor")

    with pytest.raises(Forbidden):
        listening.application.executor.execute(CreateWebhook(name="x", url=URL, events=("*",)), actor=seller)

    with listening.application.units.reading(seller) as view, pytest.raises(Forbidden):
        queries.webhooks(view)


def test_erp_06_events_that_there_are_not_are_refused_by_name(listening: Listening) -> None:
    for wrong in ("order.flown", "orders.*", "Customer.created", "webhook.*", "access.refused"):
        with pytest.raises(WrongWebhook, match="There is no event"):
            listening.subscribe(wrong)


def test_erp_06_a_change_is_heard_of_only_where_somebody_asked_for_it(listening: Listening) -> None:
    listening.subscribe("customer.created")
    customer_id = listening.customer()
    listening.do(ChangeWebhook(webhook_id=listening.id, events=("customer.changed",)))

    update = UpdateCustomer(customer_id=customer_id, changes={"name": "Żółw Pompy SA"})
    listening.application.executor.execute(update, actor=SYSTEM)
    listening.deliver()

    assert [each["type"] for each in listening.heard()] == ["customer.changed"]


def test_deliveries_are_forgotten_after_thirty_days_and_with_their_webhook(
    listening: Listening, clock: FixedClock
) -> None:
    listening.subscribe("customer.created")
    listening.customer("Stara")
    listening.deliver()
    clock.advance(KEPT + timedelta(seconds=1))
    listening.customer("Nowa")
    listening.deliver()

    forget_old(listening.application)

    assert len(listening.deliveries()) == 1
    listening.do(RemoveWebhook(webhook_id=listening.id))
    with listening.application.database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM webhook_delivery").scalar() == 0
