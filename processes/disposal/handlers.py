"""The service tasks of the process: what happens to the list at each step."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.errors import DomainError
from documents.records import disposals
from documents.records.disposals import DisposalSettled, SameSigner
from documents.records.models import DisposalItemRow, DisposalRow, RetentionRuleRow
from documents.records.ports import Destroyer
from documents.records.rules import schedule_of
from engine.errors import StepRefused
from engine.evidence import performer_before
from engine.handlers import Outside, ServiceCall, deferred_task, service_task
from processes.disposal.papers import file_certificate, file_list, file_list_again
from storage.unit_of_work import UnitOfWork

LONGEST = 500  # documents on one list: people must be able to read it


@service_task("disposal.list")
def list_due(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """List what is due now and file the list; nothing due, nothing filed."""
    row = disposals.list_due(unit, case_id=call.instance_id, until=unit.clock.now(), limit=LONGEST)
    items = disposals.items_of(unit, row)
    if items:
        disposals.keep_list(unit, row, file_list(unit, row, items), items=len(items))
    else:
        disposals.abandon(unit, row.id, "Nothing was due.")
    return _shown(unit, row, items) | {"comment": None, "remark": None, "decision": None}


@service_task("disposal.sign")
def sign(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Keep that the person who completed the task agreed; documents taken off before are off the filed list, too."""
    role, row = str(call.inputs["role"]), disposals.lock(unit, str(call.inputs["disposal_id"]))
    items = disposals.items_of(unit, row)
    if role == "review" and row.list_id and any(item.state == "excluded" for item in items):
        file_list_again(unit, row, items)
    before = performer_before(unit, call, role)
    signer = before.id if before else unit.actor.id
    name = before.id if before else unit.actor.name
    remark = call.inputs.get("remark")
    with _told_to_the_person():
        disposals.sign(unit, row.id, role=role, signer=signer, name=name, comment=str(remark) if remark else None)
    return _shown(unit, row, items) | {"remark": None, "decision": None}


@service_task("disposal.take_back")
def take_back(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Have the list reviewed again from the beginning."""
    disposals.withdraw_signatures(unit, str(call.inputs["disposal_id"]))
    return {"decision": None}


@service_task("disposal.give_up")
def give_up(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Everything stays, and can be listed again."""
    disposals.abandon(unit, str(call.inputs["disposal_id"]), str(call.inputs["reason"] or ""))
    return {"destroyed": Decimal(0)}


@deferred_task("disposal.destroy", limit=timedelta(hours=12))
def destroy(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Destroy in batches; whoever is killed in between goes on where the database says that it was."""
    outside.port(Destroyer).destroy(str(call.inputs["disposal_id"]))
    return {}


@service_task("disposal.certify")
def certify(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """File the certificate with the digests of everything that is gone."""
    row = disposals.lock(unit, str(call.inputs["disposal_id"]))
    items = disposals.items_of(unit, row)
    counts = Counter(item.state for item in items)
    paper = file_certificate(unit, row, items)
    disposals.certify(unit, row, paper, destroyed=counts["destroyed"], kept=len(items) - counts["destroyed"])
    return {"destroyed": Decimal(counts["destroyed"]), "certificate": paper.id, "certificate_digest": paper.digest}


def _shown(unit: UnitOfWork, row: DisposalRow, items: list[DisposalItemRow]) -> dict[str, Any]:
    """What the forms show; no titles: variables outlive the documents."""
    listed = [item for item in items if item.state == "listed"]
    counts = Counter(item.rule_key for item in listed)
    return {
        "disposal_id": row.id,
        "disposal_number": row.number,
        "disposal_until": f"{row.until:%Y-%m-%d}",
        "listed": Decimal(len(listed)),
        "by_rule": [_rule(unit, key, count) for key, count in sorted(counts.items())],
    }


def _rule(unit: UnitOfWork, key: str, count: int) -> dict[str, str]:
    rule = unit.session.get_one(RetentionRuleRow, key)
    schedule = schedule_of(rule.trigger, rule.period, rule.field)
    return {"rule": rule.name, "schedule": schedule, "authority": rule.authority, "documents": str(count)}


@contextmanager
def _told_to_the_person() -> Iterator[None]:
    """What the person who completes the task must hear at once is their answer, not an incident."""
    try:
        yield
    except (SameSigner, DisposalSettled) as error:
        refused: DomainError = error
        raise StepRefused(refused.sentence, **refused.details, reason=refused.code) from error
