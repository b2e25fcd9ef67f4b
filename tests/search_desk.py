"""What tests of search share: an application with people, cases, customers and documents, and ways to look for them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from benchmarks.complete import KEY, MODEL
from core.identity import SYSTEM, Actor
from core.messages import Command
from crm.customers import CreateCustomer
from crm.profiles import Address, Profile
from documents.filing import DocumentLink, FileDocument
from documents.intake import Received, receive
from documents.search.excerpts import as_text
from documents.search.queries import SearchPage, search
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartedInstance, StartInstance
from webapp.bootstrap import Application

FILES = frozenset({"document.file"})
WORK = FILES | {"case.start", "task.work"}


def person(name: str, *roles: str, permissions: Iterable[str] = WORK) -> Actor:
    return Actor(id=name, name=name.title(), roles=frozenset(roles), permissions=frozenset(permissions))


ANNA = person("anna", "bench", permissions=WORK | {"customer.read", "customer.edit"})
BOB = person("bob")
READS_ALL = person("ewa", permissions={"document.read_all", "case.read_all", "customer.read"})


class Desk:
    """Does things as somebody, and looks for them."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.units = application.units

    def do(self, command: Command, actor: Actor = ANNA) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def upload(self, content: bytes = b"hello") -> Received:
        store, announce = self.application.blobs, self.application.staging.announce
        return receive(io.BytesIO(content), announced=None, limit=1 << 20, store=store, announce=announce)

    def file(self, title: str, *links: DocumentLink, actor: Actor = ANNA, **values: Any) -> str:
        command = FileDocument(title=title, blob=self.upload(), file_name="a.txt", links=links, **values)
        return str(self.do(command, actor).id)

    def deploy(self) -> None:
        self.do(DeployDefinitions(files=(DeploymentFile(name="rounds.bpmn", content=MODEL.encode()),)), SYSTEM)

    def start(self, key: str | None = None, actor: Actor = ANNA, **values: Any) -> StartedInstance:
        command = StartInstance(definition_key=KEY, business_key=key, variables={"finished": False}, **values)
        started: StartedInstance = self.do(command, actor)
        return started

    def customer(self, name: str, city: str = "Łódź") -> str:
        address = Address(kind="registered", street="Piotrkowska 1", postal_code="90-001", city=city, country="PL")
        return str(self.do(CreateCustomer(profile=Profile(name=name, country="PL", addresses=(address,)))).id)

    def page(self, text: str, actor: Actor = READS_ALL, **more: Any) -> SearchPage:
        with self.units.reading(actor) as view:
            return search(view, text, **more)

    def titles(self, text: str, actor: Actor = READS_ALL, **more: Any) -> list[str]:
        return [as_text(hit.title) for hit in self.page(text, actor, **more).items]

    def everything(self, text: str, actor: Actor, limit: int = 7) -> list[str]:
        """The ids on all pages."""
        found: list[str] = []
        after: str | None = None
        while True:
            page = self.page(text, actor, after=after, limit=limit, facets=False)
            found += [hit.id for hit in page.items]
            if page.next is None:
                return found
            after = page.next


def to(kind: str, key: str) -> DocumentLink:
    return DocumentLink(kind=kind, id=key)
