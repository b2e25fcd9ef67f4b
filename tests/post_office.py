"""An office whose outbox is tried: a customer, a mail server, an SMS gateway that keeps what it gets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from core.identity import SYSTEM, Actor
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.outbox.channels import Channels
from crm.outbox.mail import MailServer
from crm.outbox.queries import Message, message
from crm.outbox.queueing import QueueMessage
from crm.profiles import Address, Email, Phone, Profile
from documents.filing import FiledDocument, FileDocument
from documents.links import DocumentLink
from tests.mailbox import Mailbox, client_context
from tests.web import WHOLE_FIRM
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application
from webapp.operations.smtp import SmtpServer
from webapp.outbox.channels import Sink
from webapp.outbox.delivery import send_due

ADDRESS = Address(street="ul. Łąkowa 5", postal_code="30-102", city="Kraków", country="PL")


def person(name: str, *roles: str) -> Actor:
    """Somebody with the rights of these roles."""
    return Actor(id=name, name=name.title(), roles=frozenset(roles), permissions=permissions_of(roles))


EWA = person("ewa", "sales_rep")
KEEPER = person("zofia", *WHOLE_FIRM)


@dataclass
class PostOffice:
    """The application with its outside."""

    application: Application
    box: Mailbox
    server: Controller
    sms: Sink = field(default_factory=Sink)

    def do(self, command: Any, actor: Actor = EWA) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def ask(self, query: Any, *arguments: Any, actor: Actor = KEEPER, **options: Any) -> Any:
        with self.application.units.reading(actor) as view:
            return query(view, *arguments, **options)

    def customer(self, **values: Any) -> str:
        usual: dict[str, Any] = {
            "name": "Wisła Pompy",
            "country": "PL",
            "emails": (Email(address="biuro@wisla.example"),),
            "phones": (Phone(number="+48 600 100 200", kind="mobile"),),
            "addresses": (ADDRESS,),
        }
        return str(self.do(CreateCustomer(profile=Profile(**(usual | values))), actor=SYSTEM).id)

    def queue(self, actor: Actor = EWA, **values: Any) -> str:
        usual = {"subject": "Oferta", "text": "Zażółć gęślą jaźń.\n"}
        return str(self.do(QueueMessage(**(usual | values)), actor))

    def send(self) -> int:
        return send_due(self.application)

    def message(self, message_id: str) -> Message:
        found: Message = self.ask(message, message_id)
        return found

    def file(self, content: bytes = b"%PDF-1.7 x", *, links: Sequence[DocumentLink] = ()) -> FiledDocument:
        blob = self.application.blobs.put(io.BytesIO(content), announce=self.application.staging.announce)
        order = FileDocument(title="Oferta", blob=blob, file_name="Oferta ł.pdf", links=tuple(links))
        filed: FiledDocument = self.do(order)
        return filed

    def rows(self, statement: str) -> list[Any]:
        with self.application.database.engine.connect() as connection:
            return list(connection.exec_driver_sql(statement))


def open_office(application: Application, box: Mailbox) -> PostOffice:
    """Mail goes to `box`, SMS into a sink."""
    server = box.serve()
    set_up = Settings(mail_host="127.0.0.1", mail_port=server.port, mail_from="office@example.org")
    application.units.ports[MailServer] = SmtpServer(set_up, context=client_context())
    office = PostOffice(application, box, server)
    known = dict(application.units.ports[Channels].by_name)
    application.units.ports[Channels] = Channels(known | {"sms": office.sms})
    return office
