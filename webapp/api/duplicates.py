"""Customers that may be the same, merging, and the quality of data."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crm import duplicates as crm_duplicates
from crm.duplicates import CompareCustomers, PairPage, TellApart
from crm.merging import MergeCustomers, UndoMerge
from crm.quality import NoteBounce, QualityPage, quality
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("duplicates")


class PairsQuery(Body):
    """Of which customer, and how many."""

    customer_id: str | None = None
    after: str | None = None
    limit: int = Field(default=20, ge=1, le=200)


class QualityQuery(Body):
    """Whose customers, and how many."""

    owner: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class MergeBody(Body):
    """Which customer goes into this one; `take` names fields whose value comes from it."""

    absorbed_id: str
    take: list[str] = Field(default_factory=list, max_length=100)
    reason: str | None = None


class CompareBody(Body):
    """After which id to go on."""

    after: str = ""
    limit: int = Field(default=500, ge=1, le=500)


class BounceBody(Body):
    """The address that mail came back from."""

    address: str


@routes.get("/duplicates", "Customers that look the same", query=PairsQuery, answer=PairPage, refusals=(403,))
def duplicates(query: PairsQuery) -> PairPage:
    """List pairs."""
    with view() as reading:
        return crm_duplicates.duplicates(reading, customer_id=query.customer_id, after=query.after, limit=query.limit)


@routes.post("/duplicates/compare", "Compare the next customers with their like", body=CompareBody, refusals=(403,))
def compare(body: CompareBody) -> dict[str, Any]:
    """Compare a batch; `next` is where to go on, null at the end."""
    return {"next": run(CompareCustomers(after=body.after, limit=body.limit))}


@routes.post("/duplicates/<id:pair_id>/different", "They are two", answer=PairPage, refusals=(403, 404))
def tell_apart(pair_id: str) -> PairPage:
    """Tell a pair apart."""
    run(TellApart(pair_id=pair_id))
    with view() as reading:
        return crm_duplicates.duplicates(reading)


@routes.post(
    "/customers/<id:customer_id>/merge",
    "Make one customer of two",
    body=MergeBody,
    status=201,
    refusals=(403, 404, 409, 422),
)
def merge(customer_id: str, body: MergeBody) -> dict[str, str]:
    """Merge another customer into this one."""
    order = MergeCustomers(
        kept_id=customer_id, absorbed_id=body.absorbed_id, take=frozenset(body.take), reason=body.reason
    )
    return {"merge_id": run(order)}


@routes.post("/merges/<id:merge_id>/undo", "Make two customers of one again", refusals=(403, 404))
def undo(merge_id: str) -> dict[str, str]:
    """Undo a merge."""
    run(UndoMerge(merge_id=merge_id))
    return {"merge_id": merge_id}


@routes.get(
    "/reports/customer-quality", "What is missing or wrong", query=QualityQuery, answer=QualityPage, refusals=(403,)
)
def customer_quality(query: QualityQuery) -> QualityPage:
    """The report of completeness and correctness."""
    with view() as reading:
        return quality(reading, owner=query.owner, after=query.after, limit=query.limit)


@routes.post("/bounces", "Mail to an address came back", body=BounceBody, refusals=(403,))
def bounce(body: BounceBody) -> dict[str, int]:
    """Mark an address at every customer that has it."""
    return {"customers": run(NoteBounce(address=body.address))}
