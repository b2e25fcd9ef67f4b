"""An installation with a webhook, and the program that listens."""

from __future__ import annotations

import json
from typing import Any

from audit.sequencer import sequence
from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Profile
from tests.https_server import Names, Server, answer
from tests.mailbox import client_context
from tests.post_office import person
from webapp.bootstrap import Application
from webapp.webhooks import queries
from webapp.webhooks.jobs import deliver_due, look_on
from webapp.webhooks.queries import Delivery, Webhook
from webapp.webhooks.receivers import Receivers
from webapp.webhooks.subscribing import CreateWebhook

ADMIN = person("adam", "admin")
URL = "https://api.example.com/obieg?key=k3y"


class Listening:
    """An installation with a webhook, and the program that listens."""

    def __init__(self, application: Application, server: Server, names: Names) -> None:
        self.application, self.server, self.names = application, server, names
        self.id, self.secret = "", ""

    def do(self, command: Any) -> Any:
        return self.application.executor.execute(command, actor=ADMIN)

    def subscribe(self, *events: str, url: str = URL) -> None:
        made = self.do(CreateWebhook(name="Magazyn", url=url, events=events))
        self.id, self.secret = made.id, made.secret

    def customer(self, name: str = "Żółw Pompy") -> str:
        command = CreateCustomer(profile=Profile(name=name, country="PL"))
        return str(self.application.executor.execute(command, actor=SYSTEM).id)

    def deliver(self) -> int:
        sequence(self.application.database.engine)
        look_on(self.application)
        return deliver_due(self.application, self.id)

    def reply(self, status: int, content: bytes = b"") -> None:
        self.server.replies["/obieg"] = answer(status, content)

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, _, body in self.server.seen]

    def webhook(self) -> Webhook:
        with self.application.units.reading(ADMIN) as view:
            return queries.webhook(view, self.id)

    def deliveries(self) -> list[Delivery]:
        with self.application.units.reading(ADMIN) as view:
            return [queries.delivery(view, each.id) for each in queries.deliveries(view, self.id).items]


def listen(application: Application, receiver: Server) -> Listening:
    """Public names lead to a server of the test."""
    names = Names(receiver.port)
    application.units.ports[Receivers] = Receivers(application.settings, network=names, context=client_context())
    return Listening(application, receiver, names)
