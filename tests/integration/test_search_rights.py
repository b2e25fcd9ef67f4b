"""Search shows exactly what may be seen: whatever is filed, linked, started, offered, done, closed or removed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import DomainError
from core.identity import Actor
from crm.queries import customers
from documents.access import visible_documents
from documents.document_types import DefineDocumentType
from documents.filing import LinkDocument
from documents.models import DocumentRow
from documents.search.ports import SearchRights
from engine.access import visible_instances
from engine.inbox import TaskFilter, tasks
from engine.models import InstanceRow
from engine.tasks import AssignTask, ClaimTask, CompleteTask
from tests.search_desk import FILES, WORK, Desk, person, to
from webapp.bootstrap import Application
from webapp.policies import ENTITIES
from webapp.searching.labels import Labels

PEOPLE = (
    person("anna", "bench", permissions=WORK | {"customer.read", "customer.edit"}),
    person("bob", "bench"),
    person("cecylia", "legal"),
    person("dan", permissions=FILES),
    person("ewa", "auditor", permissions={"document.read_all"}),
    person("filip", "legal", permissions={"case.read_all", "case.administer"} | WORK),
    person("gal", permissions={"customer.read"}),
    person("hanna", permissions={"document.read_all", "case.read_all", "customer.read"}),
)
KINDS = ("task", "case", "crm.customer")
TYPES = ("letter", "contract")
Step = tuple[str, int, int, int]
steps = st.tuples(
    st.sampled_from(["file", "file", "start", "link", "claim", "assign", "complete", "close_type", "customer"]),
    st.integers(0, 7),
    st.integers(0, 9),
    st.integers(0, 9),
)


class World:
    """Everything that was made so far; steps that are refused change nothing."""

    def __init__(self, application: Application) -> None:
        self.desk = Desk(application)
        self.desk.deploy()
        self.targets: dict[str, list[str]] = {kind: [] for kind in KINDS}
        self.documents: list[str] = []
        self.revisions: dict[str, int] = {}

    def take(self, step: Step) -> None:
        name, who, one, other = step
        try:
            getattr(self, name)(PEOPLE[who], one, other)
        except DomainError:
            return

    def file(self, actor: Actor, one: int, other: int) -> None:
        kind = (None, *TYPES)[other % 3]
        links = [link] if one and (link := self._target(one, other)) else []
        self.documents.append(self.desk.file(f"Pismo {len(self.documents)}", *links, actor=actor, type=kind))

    def start(self, actor: Actor, one: int, _other: int) -> None:
        started = self.desk.start(f"Sprawa {one}", actor)
        self.targets["case"].append(started.id)
        self.targets["task"] += [task.id for task in started.tasks]

    def link(self, actor: Actor, one: int, other: int) -> None:
        if self.documents and (link := self._target(one, other)):
            document = self.documents[one % len(self.documents)]
            self.desk.do(LinkDocument(document_id=document, link=link), actor)

    def customer(self, _actor: Actor, one: int, _other: int) -> None:
        self.targets["crm.customer"].append(self.desk.customer(f"Firma {one} {len(self.targets['crm.customer'])}"))

    def claim(self, actor: Actor, one: int, _other: int) -> None:
        self.desk.do(ClaimTask(task_id=self._open_task(one)), actor)

    def assign(self, _actor: Actor, one: int, other: int) -> None:
        assignee = PEOPLE[other % len(PEOPLE)].id
        self.desk.do(AssignTask(task_id=self._open_task(one), assignee=assignee), PEOPLE[5])

    def complete(self, actor: Actor, one: int, other: int) -> None:
        command = CompleteTask(task_id=self._open_task(one), data={"finished": other > 5})
        self.targets["task"] += [task.id for task in self.desk.do(command, actor).tasks]

    def close_type(self, _actor: Actor, one: int, other: int) -> None:
        key, readers = TYPES[one % 2], (["legal"], ["bench", "auditor"], [])[other % 3]
        command = DefineDocumentType(key=key, name=key, readers=readers, expected_revision=self.revisions.get(key))
        made = self.desk.do(command, person("admin", permissions={"document.administer"}))
        self.revisions[key] = made.revision if hasattr(made, "revision") else self.revisions.get(key, 0) + 1

    def _target(self, one: int, other: int) -> Any:
        known = self.targets[KINDS[one % 3]]
        return to(KINDS[one % 3], known[other % len(known)]) if known else None

    def _open_task(self, number: int) -> str:
        with self.desk.units.reading(PEOPLE[5]) as view:
            open_ones = [task.id for task in tasks(view, TaskFilter(), limit=50).items]
        return open_ones[number % len(open_ones)] if open_ones else "0" * 26

    def check(self) -> None:
        for actor in PEOPLE:
            with self.desk.units.reading(actor) as view:
                rows = list(view.session.scalars(select(DocumentRow)))
                may = {
                    "document": {row.id for row in visible_documents(view, rows)},
                    "case": set(view.session.scalars(select(InstanceRow.id).where(visible_instances(actor)))),
                    "customer": _customers(view) if actor.may("customer.read") else set(),
                }
            known = {row.id for row in rows} | set(self.targets["case"])
            listed = known & set(self.desk.everything("", actor))
            assert listed == known & (may["document"] | may["case"]), actor.id
            for kind, expected in may.items():
                found = self.desk.everything(f"kind:{kind}", actor)
                assert sorted(found) == sorted(expected), (actor.id, kind)
                words = {"document": "pismo", "case": "sprawy", "customer": "firma"}[kind]
                assert set(self.desk.everything(f"{words} kind:{kind}", actor)) == expected, (actor.id, words)


def _customers(view: Any) -> set[str]:
    return {each.id for each in customers(view, limit=200).items}


@pytest.fixture
def world(application: Application) -> World:
    """One for all examples: it grows, and everything is looked at after each."""
    return World(application)


@pytest.mark.parametrize("most_listed", [1000, 0], ids=["few cases", "more cases than are listed"])
@given(taken=st.lists(steps, min_size=4, max_size=25))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_search_shows_exactly_what_may_be_seen(world: World, most_listed: int, taken: list[Step]) -> None:
    world.desk.units.ports[SearchRights] = Labels(ENTITIES, most_listed=most_listed)

    for step in taken:
        world.take(step)

    world.check()
