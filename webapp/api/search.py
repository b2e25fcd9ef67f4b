"""One search over documents, cases and all records."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from core.records import dataclass
from documents.search.excerpts import as_html, as_text
from documents.search.queries import Facet, Hit, SearchPage, search
from webapp.api.routing import Body, Routes
from webapp.web import view

routes = Routes("search")


class SearchQuery(Body):
    """What to look for, in the query language; `type` is a kind or a type of documents."""

    q: str = Field(default="", max_length=1000, examples=['umowa "kara umowna" type:contract -state:void'])
    type: str | None = Field(default=None, max_length=100, examples=["document", "case", "customer", "invoice"])
    order: Literal["best", "newest"] = "best"
    after: str | None = None
    limit: int = Field(default=20, ge=1, le=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Something that was found.

    `highlight` and `excerpt` are safe HTML: all text is escaped, what was looked for stands in `<mark>`.
    """

    kind: str
    id: str
    title: str
    highlight: str
    about: str
    excerpt: str
    facts: dict[str, list[str]]
    date: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page; `total` counts what was looked at, with `is_more` there is more than that.

    `meant` is a query that finds something when this one finds nothing: words that differ by one or two letters.
    """

    items: list[Result]
    next: str | None
    total: int
    is_more: bool
    facets: list[Facet]
    meant: str | None


@routes.get(
    "/search",
    "Documents, cases, customers, people, products, offers and orders in one list, the best or the newest first",
    query=SearchQuery,
    answer=Results,
    refusals=(422,),
)
def search_everything(query: SearchQuery) -> Results:
    """Search."""
    wanted = f'type:"{query.type.replace(chr(34), " ")}" ' if query.type else ""
    asked = f"{wanted}({query.q})" if wanted and query.q.strip() else wanted or query.q
    with view() as reading:
        found = search(reading, asked, after=query.after, limit=query.limit, order=query.order)
    return _results(found)


def _results(found: SearchPage) -> Results:
    return Results(
        items=[_result(hit) for hit in found.items],
        next=found.next,
        total=found.total,
        is_more=found.is_more,
        facets=list(found.facets),
        meant=found.meant,
    )


def _result(hit: Hit) -> Result:
    return Result(
        kind=hit.kind,
        id=hit.id,
        title=as_text(hit.title),
        highlight=as_html(hit.title),
        about=as_text(hit.about),
        excerpt=as_html(hit.excerpt),
        facts={name: list(values) for name, values in hit.facts.items()},
        date=hit.dated,
    )
