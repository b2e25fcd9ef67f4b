"""Searching customers by any combination of fields, and kept searches."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crm.customer_search import (
    Condition,
    Criteria,
    DropFilter,
    Filter,
    SaveFilter,
    SearchPage,
    filters,
    find_customers,
)
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("customer search")


class ConditionBody(Body):
    """A field and the value that it must have, or must not (`is_not`); `custom.<key>` is a field of the firm's own."""

    field: str
    value: Any
    is_not: bool = False


class CriteriaBody(Body):
    """Conditions that must hold all, or any of them; `groups` hold as one condition each."""

    conditions: list[ConditionBody] = Field(default_factory=list, max_length=20)
    groups: list[CriteriaBody] = Field(default_factory=list, max_length=20)
    any_of_them: bool = False

    def criteria(self) -> Criteria:
        """As the query wants them."""
        return Criteria(
            conditions=tuple(Condition(**each.model_dump()) for each in self.conditions),
            groups=tuple(each.criteria() for each in self.groups),
            any_of_them=self.any_of_them,
        )


class SearchBody(CriteriaBody):
    """Which customers, and which page of them."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class FilterBody(Body):
    """A search to keep; the same name again replaces it."""

    name: str
    criteria: CriteriaBody
    is_shared: bool = False


@routes.post(
    "/customers/search",
    "Customers by any combination of fields",
    body=SearchBody,
    answer=SearchPage,
    refusals=(403, 422),
)
def search_customers(body: SearchBody) -> SearchPage:
    """Find customers."""
    with view() as reading:
        return find_customers(reading, body.criteria(), after=body.after, limit=body.limit)


@routes.get("/customer-filters", "Kept searches, one's own and those of all", answer=list[Filter], refusals=(403,))
def customer_filters() -> list[Filter]:
    """List kept searches."""
    with view() as reading:
        return filters(reading)


@routes.post(
    "/customer-filters", "Keep a search", body=FilterBody, answer=list[Filter], status=201, refusals=(403, 422)
)
def save_filter(body: FilterBody) -> list[Filter]:
    """Keep a search."""
    run(SaveFilter(name=body.name, criteria=body.criteria.criteria(), is_shared=body.is_shared))
    with view() as reading:
        return filters(reading)


@routes.delete("/customer-filters/<id:filter_id>", "Forget a kept search", answer=list[Filter], refusals=(403, 404))
def drop_filter(filter_id: str) -> list[Filter]:
    """Forget a kept search."""
    run(DropFilter(filter_id=filter_id))
    with view() as reading:
        return filters(reading)
