"""Links between records, their types, and what lies around a record."""

from __future__ import annotations

from flask import Response
from pydantic import Field

from crm.links import queries
from crm.links import types as link_types_
from crm.links.ends import End
from crm.links.linking import LinkRecords, UnlinkRecords
from crm.links.queries import Graph, Link
from crm.links.types import DefineLinkType, LinkType
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("links")


class EndBody(Body):
    """A record: its `kind`, such as crm.customer, crm.contact, crm.offer, document, case or task, and its id."""

    kind: str = Field(max_length=64)
    id: str = Field(max_length=26)

    @property
    def end(self) -> End:
        """The same for the command."""
        return End(self.kind, self.id)


class LinksQuery(EndBody):
    """Links of which record, page by page."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class GraphQuery(EndBody):
    """Around which record, and how many links away."""

    depth: int = Field(default=2, ge=1, le=3)


class LinkBody(Body):
    """A type's code, the record, and those that it is linked to: `record` is <the type's label> of each of `others`."""

    type: str = Field(max_length=64)
    record: EndBody
    others: list[EndBody] = Field(min_length=1, max_length=50)
    note: str | None = None


class Linked(Body):
    """The ids of the links, in the order of `others`."""

    ids: list[str]


class LinkTypeBody(Body):
    """A type; without `inverse_labels` both directions are the same. Labels by language: pl, en, ro, ru."""

    code: str
    labels: dict[str, str]
    inverse_labels: dict[str, str] = Field(default_factory=dict)
    is_retired: bool = False
    expected_version: int | None = None


@routes.get("/links", "Links of a record, from either end", query=LinksQuery, answer=Part[Link], refusals=(404, 422))
def links(query: LinksQuery) -> Part[Link]:
    """List links."""
    with view() as reading:
        return queries.links(reading, query.end, after=query.after, limit=query.limit)


@routes.get("/links/graph", "What lies around a record", query=GraphQuery, answer=Graph, refusals=(404, 422))
def graph(query: GraphQuery) -> Graph:
    """Walk along links."""
    with view() as reading:
        return queries.graph(reading, query.end, depth=query.depth)


@routes.post("/links", "Link a record to others", body=LinkBody, answer=Linked, status=201, refusals=(403, 404, 422))
def link_records(body: LinkBody) -> Linked:
    """Link records."""
    others = tuple(each.end for each in body.others)
    return Linked(ids=run(LinkRecords(type=body.type, first=body.record.end, others=others, note=body.note)))


@routes.delete("/links/<id:link_id>", "Take a link away", status=204, refusals=(403, 404))
def unlink_records(link_id: str) -> Response:
    """Unlink records."""
    run(UnlinkRecords(link_id=link_id))
    return Response(status=204)


@routes.get("/link-types", "The types of links", answer=list[LinkType], refusals=(403,))
def link_types() -> list[LinkType]:
    """List the types."""
    with view() as reading:
        return link_types_.link_types(reading)


@routes.post(
    "/link-types",
    "Make a type of links, change it, or retire it",
    body=LinkTypeBody,
    answer=list[LinkType],
    status=201,
    refusals=(403, 409, 422),
)
def define_link_type(body: LinkTypeBody) -> list[LinkType]:
    """Keep a type."""
    run(DefineLinkType(**body.model_dump()))
    with view() as reading:
        return link_types_.link_types(reading)
