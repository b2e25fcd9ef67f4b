"""Every channel keeps the same promises: taken with a proof, refused for good, or to be tried again."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.errors import DomainError, Unavailable
from core.settings import Settings
from crm.outbox.channels import Channel, Parcel
from crm.outbox.errors import ChannelRefused
from tests.mailbox import Mailbox, client_context
from webapp.operations.smtp import SmtpServer
from webapp.outbox.channels import ChannelNotSetUp, FaxChannel, MailChannel, Sink, SmsGateway

SECRET = "tajny-klucz"


@dataclass
class Gateway:
    """An SMS gateway; `status` and `body` are what it answers."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"list": [{"id": "sms-77"}]})
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def serve(self) -> ThreadingHTTPServer:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                gateway.seen.append((dict(self.headers.items()), self.rfile.read(length)))
                content = json.dumps(gateway.body).encode()
                self.send_response(gateway.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: Any) -> None:
                """Nothing on the console of the tests."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@dataclass
class Bench:
    """A channel, how to make its other side say no, and what arrived."""

    channel: Channel
    parcel: Parcel
    refuse: Any
    delay: Any
    arrived: Any


def parcel(channel: str, recipient: str) -> Parcel:
    return Parcel(
        id="01HXYZ00000000000000000000",
        key="k-1",
        channel=channel,
        recipient=recipient,
        recipient_name="Łucja",
        subject="Oferta",
        text="Zażółć {link}",
        at=datetime(2026, 1, 5, tzinfo=UTC),
        secret="https://obieg.example.org/answer/t",
    )


def mail_bench(running: ExitStack, fax: str = "") -> Bench:
    box = Mailbox()
    server = box.serve()
    running.callback(server.stop)
    settings = Settings(mail_host="127.0.0.1", mail_port=server.port, mail_from="office@example.org")
    smtp = SmtpServer(settings, context=client_context())
    channel: Channel = FaxChannel(lambda: smtp, fax) if fax else MailChannel(lambda: smtp)
    return Bench(
        channel,
        parcel("fax", "+48221234567") if fax else parcel("email", "anna@example.com"),
        lambda: setattr(box, "reply", "554 no"),
        lambda: setattr(box, "reply", "451 later"),
        lambda: [letter.get_content() for _, letter in box.letters],
    )


def gateway_settings(server: ThreadingHTTPServer, **values: Any) -> Settings:
    usual: dict[str, Any] = {
        "sms_url": f"http://127.0.0.1:{server.server_address[1]}/send",
        "sms_headers": (("Authorization", f"Bearer {SECRET}"),),
        "sms_fields": (("to", "phone"), ("text", "message"), ("from", "sender"), ("key", "ref")),
        "sms_sender": "Obieg",
        "sms_answer_id": "list.0.id",
    }
    return Settings(**(usual | values))


def sms_bench(running: ExitStack) -> Bench:
    gateway = Gateway()
    server = gateway.serve()
    running.callback(server.server_close)
    running.callback(server.shutdown)
    return Bench(
        SmsGateway(gateway_settings(server)),
        parcel("sms", "+48600100200"),
        lambda: setattr(gateway, "status", 422),
        lambda: setattr(gateway, "status", 503),
        lambda: [json.loads(body)["message"] for _, body in gateway.seen if gateway.status == 200],
    )


def sink_bench(running: ExitStack) -> Bench:
    del running
    sink = Sink()
    return Bench(
        sink,
        parcel("sms", "+48600100200"),
        lambda: setattr(sink, "trouble", ChannelRefused("no")),
        lambda: setattr(sink, "trouble", Unavailable("later")),
        lambda: [each.text.replace("{link}", each.secret or "") for each in sink.parcels],
    )


@pytest.fixture(params=["mail", "fax", "sms", "sink"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as running:
        match request.param:
            case "mail":
                yield mail_bench(running)
            case "fax":
                yield mail_bench(running, fax="fax.example.org")
            case "sms":
                yield sms_bench(running)
            case _:
                yield sink_bench(running)


def test_sms_02_what_is_taken_has_a_proof_and_its_link(bench: Bench) -> None:
    receipt = bench.channel.send(bench.parcel)

    (text,) = bench.arrived()
    assert text.strip() == "Zażółć https://obieg.example.org/answer/t"
    assert receipt.outside_id
    assert len(receipt.digest) == len(hashlib.sha256().hexdigest())
    assert receipt.answer


def test_sms_02_the_same_parcel_has_the_same_id_outside(bench: Bench) -> None:
    assert bench.channel.send(bench.parcel).outside_id == bench.channel.send(bench.parcel).outside_id


def test_sms_02_a_refusal_is_for_good(bench: Bench) -> None:
    bench.refuse()

    with pytest.raises(ChannelRefused):
        bench.channel.send(bench.parcel)


def test_sms_02_a_delay_may_be_tried_again(bench: Bench) -> None:
    bench.delay()

    with pytest.raises(Unavailable):
        bench.channel.send(bench.parcel)


def test_sms_05_a_fax_is_a_mail_to_its_number() -> None:
    with ExitStack() as running:
        bench = mail_bench(running, fax="fax.example.org")

        receipt = bench.channel.send(bench.parcel)

    assert receipt.outside_id is not None


def test_sms_02_the_secret_goes_to_the_gateway_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = Gateway(status=422, body={"error": "bad number"})
    server = gateway.serve()
    channel = SmsGateway(gateway_settings(server, sms_format="form"))

    with pytest.raises(DomainError) as refused:
        channel.send(parcel("sms", "+48600100200"))
    server.shutdown()
    server.server_close()

    ((headers, body),) = gateway.seen
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert headers["Idempotency-Key"] == "01HXYZ00000000000000000000"
    assert body.startswith(b"phone=%2B48600100200&message=Za%C5%BC")
    assert SECRET not in refused.value.sentence + caplog.text + repr(gateway_settings(server))


@pytest.mark.parametrize("channel", [SmsGateway(Settings()), FaxChannel(lambda: SmtpServer(Settings()), "")])
def test_what_is_not_set_up_names_the_setting(channel: Channel) -> None:
    with pytest.raises(ChannelNotSetUp, match="OBIEG_"):
        channel.send(parcel("sms", "+48600100200"))
