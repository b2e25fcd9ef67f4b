"""Who sees which documents, and what the answer costs when there are many."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import Actor
from documents.access import DocumentNotFound, Target
from documents.filing import AddVersion, DocumentLink, LinkDocument
from documents.links import TargetNotVisible
from documents.listing import DocumentFilter, documents
from documents.queries import (
    document,
    documents_of,
)
from documents.reading import ReadDocument
from tests.documents_samples import ANNA, AUDITOR, BOB, Office

CASE, TASK = Target("case", "case-1"), Target("task", "task-1")
CUSTOMER = Target("crm.customer", "c-1")


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    opened = Office(engine, clock)
    opened.rights.task_cases = {"task-1": "case-1"}
    for actor in (ANNA, BOB):
        opened.rights.grant(actor, CASE, TASK, CUSTOMER)
    return opened


def to(target: Target, **more: Any) -> DocumentLink:
    return DocumentLink(kind=target.kind, id=target.id, **more)


def add(office: Office, document_id: str, content: bytes, **more: Any) -> AddVersion:
    return AddVersion(document_id=document_id, blob=office.upload(content), file_name="offer.txt", **more)


def test_what_nobody_linked_is_seen_by_who_filed_it(office: Office) -> None:
    filed = office.file()

    with office.units.reading(BOB) as view, pytest.raises(DocumentNotFound):
        document(view, filed.id)
    with pytest.raises(DocumentNotFound):
        office.run(add(office, filed.id, b"x"), BOB)
    with pytest.raises(DocumentNotFound):
        office.run(ReadDocument(document_id=filed.id, n=1), BOB)


def test_whoever_sees_a_link_sees_the_document(office: Office) -> None:
    secret = Target("crm.customer", "secret")
    office.rights.grant(ANNA, secret)
    filed = office.file(links=[to(CUSTOMER), to(secret)])

    with office.units.reading(BOB) as view:
        assert [link.id for link in document(view, filed.id).links] == ["c-1"]
    with office.units.reading(AUDITOR) as view:
        assert len(document(view, filed.id).links) == 2


def test_a_document_cannot_be_linked_to_what_one_may_not_see(office: Office) -> None:
    hidden = Target("case", "case-9")
    filed = office.file()

    with pytest.raises(TargetNotVisible, match="case case-9"):
        office.file(links=[to(hidden)])
    with pytest.raises(TargetNotVisible):
        office.run(LinkDocument(document_id=filed.id, link=to(hidden)))


def test_filing_needs_the_right(office: Office) -> None:
    with pytest.raises(Forbidden):
        office.file(actor=Actor(id="guest", name="Guest"))


@pytest.mark.parametrize(
    ("values", "field"),
    [({"title": "x" * 251}, "/title"), ({"type": "x" * 101}, "/type"), ({"reason": "x" * 2001}, "/reason")],
)
def test_a_text_that_is_too_long_is_refused_by_name(office: Office, values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        office.file(**values)

    assert field in refused.value.details["fields"]


def test_the_documents_of_many_targets_cost_the_same_few_questions(office: Office, engine: Engine) -> None:
    targets = [Target("crm.customer", f"many-{number}") for number in range(30)]
    office.rights.grant(ANNA, *targets)
    for target in targets:
        office.file(links=[to(target)])
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    office.rights.questions = 0

    with office.units.reading(ANNA) as view:
        found = documents_of(view, [*targets, Target("crm.customer", "hidden")])

    assert [len(found[target]) for target in targets] == [1] * 30
    assert found[Target("crm.customer", "hidden")] == []
    assert (office.rights.questions, len(statements)) == (1, 0)  # and one that the driver sends itself


def test_the_list_of_documents_asks_for_rights_in_bulk(office: Office, engine: Engine) -> None:
    for number in range(40):
        office.file(f"Offer {number}", links=[to(CUSTOMER)] if number % 2 else [], actor=BOB)
    office.file("Mine")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    office.rights.questions = 0

    with office.units.reading(ANNA) as view:
        page = documents(view, limit=15)
        rest = documents(view, limit=15, after=page.next)

    assert (page.items[0].title, len(page.items), page.total) == ("Mine", 15, 21)
    assert (len(rest.items), rest.next) == (6, None)
    assert {each.document_id for each in page.items}.isdisjoint(each.document_id for each in rest.items)
    assert office.rights.questions <= 4
    assert len(statements) <= 12


def test_documents_are_found_by_their_title(office: Office) -> None:
    office.file("Umowa ŁOŚ 100%")
    office.file("Inna")

    with office.units.reading(ANNA) as view:
        assert [each.title for each in documents(view, DocumentFilter(q="łoś 100%")).items] == ["Umowa ŁOŚ 100%"]
        assert documents(view, DocumentFilter(q="_")).items == ()
        assert len(documents(view, DocumentFilter(mine=True)).items) == 2
    with office.units.reading(BOB) as view:
        assert documents(view).items == ()
