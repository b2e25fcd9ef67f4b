"""What cases, tasks and documents add to the customer file, each as far as the reader may see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, String, and_, cast, func, literal, select, union_all

from core.records import dataclass
from crm.activities.models import ActivityRow
from crm.cards import customer_id_of
from crm.customer_file.entries import FileEntry, FileQuestion, FileSource, FileSources
from crm.customer_file.sources import SOURCES
from crm.merging import family
from crm.models import ContactRow, OfferRow, OrderRow
from crm.sales.models import InvoiceRow
from documents.access import visible_documents
from documents.models import DocumentLinkRow, DocumentRow
from engine.access import visible_instances
from engine.models import InstanceEntityRow, InstanceRow, TaskHistoryRow, WorkItemRow
from engine.queries import definition
from storage.unit_of_work import Reading

CUSTOMER = "crm.customer"
CASES_LOOKED_AT = 200  # the newest cases of a customer, whose tasks and documents are shown
RECORDS_LOOKED_AT = 500  # the newest records of each kind, whose documents are shown
READ_AHEAD = 2  # documents that are read for each that is shown: some the reader may not see
RUNNING = "running"
OWN_RECORDS: dict[str, tuple[Any, Any, Any]] = {  # kind of a link: id, customer, what the newest have most of
    "crm.contact": (ContactRow.id, ContactRow.customer_id, ContactRow.id),
    "crm.offer": (OfferRow.id, OfferRow.customer_id, OfferRow.number),
    "crm.order": (OrderRow.id, OrderRow.customer_id, OrderRow.ordered_on),
    "crm.invoice": (InvoiceRow.id, InvoiceRow.customer_id, InvoiceRow.issued_on),
    "crm.activity": (ActivityRow.id, ActivityRow.customer_id, ActivityRow.moment),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCase:
    """A case that runs for a customer: all stages of its definition, and the one that it is in."""

    id: str
    name: str
    business_key: str | None
    stage: str | None
    stages: tuple[str, ...]

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Each stage with `is-past`, `is-now` or nothing."""
        now = self.stages.index(self.stage) if self.stage in self.stages else -1
        return [(name, "is-past" if at < now else "is-now" if at == now else "") for at, name in enumerate(self.stages)]


class Cases:
    """Cases, when they were begun."""

    name = "case"
    kinds = ("case",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With their stage."""
        if question.wanted.contact_id is not None:
            return []
        wanted = select(InstanceRow).where(_of_customer(view, question.family))
        if question.wanted.employee is not None:
            wanted = wanted.where(InstanceRow.started_by == question.wanted.employee)
        wanted = wanted.where(*question.window(self.name)(InstanceRow.started_at, InstanceRow.id))
        ordered = wanted.order_by(InstanceRow.started_at.desc(), InstanceRow.id.desc()).limit(question.limit)
        return [
            FileEntry(
                kind="case",
                record="case",
                id=row.id,
                moment=row.started_at,
                title=row.business_key or definition(view, row.definition_id).name,
                detail=definition(view, row.definition_id).name,
                state=row.state,
                stage=row.stage if row.state == RUNNING else None,
                employee=row.started_by,
            )
            for row in view.session.scalars(ordered)
        ]


class Tasks:
    """Tasks of the customer's newest cases, open and finished, when they were given."""

    name = "task"
    kinds = ("task",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With who has or had them."""
        if question.wanted.contact_id is not None:
            return []
        cases = _newest_cases(view, question.family)
        found = [
            FileEntry(
                kind="task",
                record="task",
                id=row.id,
                moment=row.created_at,
                title=row.name,
                state=row.state,
                employee=row.person,
                parent_id=row.instance_id,
            )
            for table, state, person in (
                (WorkItemRow, literal("open"), WorkItemRow.assignee),
                (TaskHistoryRow, TaskHistoryRow.state, TaskHistoryRow.actor),
            )
            for row in view.session.execute(
                self._wanted(table, state, person, question).where(table.instance_id.in_(cases))
            )
        ]
        return sorted(found, key=lambda each: (each.moment, each.id), reverse=True)[: question.limit]

    def _wanted(self, table: Any, state: Any, person: Any, question: FileQuestion) -> Select[Any]:
        wanted = select(
            table.id, table.instance_id, table.name, table.created_at, state.label("state"), person.label("person")
        )
        if question.wanted.employee is not None:
            wanted = wanted.where(person == question.wanted.employee)
        wanted = wanted.where(*question.window(self.name)(table.created_at, table.id))
        return wanted.order_by(table.created_at.desc(), table.id.desc()).limit(question.limit)


class Documents:
    """Documents of the customer, and of people, offers, orders, invoices, activities and cases; each once."""

    name = "document"
    kinds = ("document",)

    def entries(self, view: Reading, question: FileQuestion) -> Sequence[FileEntry]:
        """With what each was filed with."""
        targets = _targets(view, question)
        wanted = select(DocumentRow).where(
            DocumentRow.id.in_(
                select(DocumentLinkRow.document_id).join(
                    targets, and_(DocumentLinkRow.kind == targets.c.kind, DocumentLinkRow.target == targets.c.id)
                )
            ),
            DocumentRow.destroyed_at.is_(None),
        )
        if question.wanted.employee is not None:
            wanted = wanted.where(DocumentRow.created_by == question.wanted.employee)
        wanted = wanted.where(*question.window(self.name)(DocumentRow.created_at, DocumentRow.id))
        ordered = wanted.order_by(DocumentRow.created_at.desc(), DocumentRow.id.desc())
        found: list[DocumentRow] = []
        offset = 0
        size = question.limit * READ_AHEAD
        while len(found) < question.limit:
            rows = list(view.session.scalars(ordered.offset(offset).limit(size)))
            found += visible_documents(view, rows)
            offset += size
            if len(rows) < size:
                break
        shown = found[: question.limit]
        origins = _origins(view, [row.id for row in shown], targets)
        return [
            FileEntry(
                kind="document",
                record="document",
                id=row.id,
                moment=row.created_at,
                title=row.title,
                detail=origins.get(row.id),
                state=row.state,
                employee=row.created_by,
            )
            for row in shown
        ]


def sources() -> FileSources:
    """All that the customer file is made of."""
    others: tuple[FileSource, ...] = (Cases(), Tasks(), Documents())
    return FileSources((*SOURCES, *others))


def running_cases(view: Reading, key: str, *, limit: int = 20) -> list[RunningCase]:
    """The cases that run for a customer, the newest first, as far as the reader may see them."""
    wanted = select(InstanceRow).where(
        _of_customer(view, family(view, customer_id_of(view, key))), InstanceRow.state == RUNNING
    )
    rows = view.session.scalars(wanted.order_by(InstanceRow.id.desc()).limit(limit))
    found = []
    for row in rows:
        shape = definition(view, row.definition_id)
        found.append(
            RunningCase(
                id=row.id, name=shape.name, business_key=row.business_key, stage=row.stage, stages=tuple(shape.stages)
            )
        )
    return found


def looks_at_all(view: Reading, key: str) -> bool:
    """Whether no task and no document of a customer is left out because it belongs to an old case or record."""
    customer_id = customer_id_of(view, key)
    older = (
        select(InstanceRow.id)
        .where(_of_customer(view, family(view, customer_id)))
        .order_by(InstanceRow.id.desc())
        .offset(CASES_LOOKED_AT)
    )
    left_out = [
        *(select(table.id).where(table.instance_id.in_(older)) for table in (WorkItemRow, TaskHistoryRow)),
        _filed_with("case", older),
        *(
            _filed_with(kind, select(key).where(owner == customer_id).order_by(order.desc()).offset(RECORDS_LOOKED_AT))
            for kind, (key, owner, order) in OWN_RECORDS.items()
        ),
    ]
    return not any(view.session.scalar(select(each.exists())) for each in left_out)


def _filed_with(kind: str, targets: Any) -> Select[Any]:
    """The documents of some records that are still there."""
    return (
        select(DocumentLinkRow.document_id)
        .join(DocumentRow, DocumentRow.id == DocumentLinkRow.document_id)
        .where(DocumentLinkRow.kind == kind, DocumentLinkRow.target.in_(targets), DocumentRow.destroyed_at.is_(None))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCase:
    """A case about a device."""

    device_id: str
    id: str
    name: str
    business_key: str | None
    state: str
    stage: str | None
    started_at: datetime


def cases_of_devices(view: Reading, device_ids: Sequence[str], *, limit: int = 100) -> list[DeviceCase]:
    """The newest cases about some devices, as far as the reader may see them; those that run come first."""
    about = (
        select(InstanceEntityRow.entity_id, InstanceRow)
        .join(InstanceRow, InstanceRow.id == InstanceEntityRow.instance_id)
        .where(
            InstanceEntityRow.entity == "crm.device",
            InstanceEntityRow.entity_id.in_(device_ids),
            visible_instances(view.actor),
        )
    )
    newest = about.order_by(InstanceRow.ended_at.is_not(None), InstanceRow.id.desc()).limit(limit)
    return [
        DeviceCase(
            device_id=device_id,
            id=row.id,
            name=definition(view, row.definition_id).name,
            business_key=row.business_key,
            state=row.state,
            stage=row.stage if row.state == RUNNING else None,
            started_at=row.started_at,
        )
        for device_id, row in (view.session.execute(newest) if device_ids else ())
    ]


def _of_customer(view: Reading, ids: Sequence[str]) -> ColumnElement[bool]:
    linked = select(InstanceEntityRow.instance_id).where(
        InstanceEntityRow.entity == CUSTOMER, InstanceEntityRow.entity_id.in_(ids)
    )
    return and_(InstanceRow.id.in_(linked), visible_instances(view.actor))


def _newest_cases(view: Reading, ids: Sequence[str]) -> list[str]:
    newest = select(InstanceRow.id).where(_of_customer(view, ids)).order_by(InstanceRow.id.desc())
    return list(view.session.scalars(newest.limit(CASES_LOOKED_AT)))


def _targets(view: Reading, question: FileQuestion) -> Any:
    """What documents of the customer are linked to, as a table of kinds and ids."""
    if question.wanted.contact_id is not None:
        return select(literal("crm.contact").label("kind"), literal(question.wanted.contact_id).label("id")).cte(
            "targets"
        )
    cases = _newest_cases(view, question.family)
    parts = [
        select(literal(CUSTOMER).label("kind"), func.unnest(cast(list(question.family), ARRAY(String))).label("id")),
        *(
            select(
                literal(kind),
                select(key)
                .where(owner == question.customer_id)
                .order_by(order.desc())
                .limit(RECORDS_LOOKED_AT)
                .subquery()
                .c.id,
            )
            for kind, (key, owner, order) in OWN_RECORDS.items()
        ),
    ]
    if cases:
        parts += [
            select(literal("case"), func.unnest(cast(cases, ARRAY(String)))),
            *(
                select(literal("task"), table.id).where(table.instance_id.in_(cases))
                for table in (WorkItemRow, TaskHistoryRow)
            ),
        ]
    return union_all(*parts).cte("targets")


def _origins(view: Reading, documents: list[str], targets: Any) -> dict[str, str]:
    """The kind of record that each document was filed with first."""
    if not documents:
        return {}
    linked = (
        select(DocumentLinkRow.document_id, DocumentLinkRow.kind)
        .join(targets, and_(DocumentLinkRow.kind == targets.c.kind, DocumentLinkRow.target == targets.c.id))
        .where(DocumentLinkRow.document_id.in_(documents))
        .order_by(DocumentLinkRow.id)
    )
    found: dict[str, str] = {}
    for document_id, kind in view.session.execute(linked):
        found.setdefault(document_id, kind)
    return found
