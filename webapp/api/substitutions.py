"""Who does whose tasks while they are away."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from core.records import dataclass
from webapp.accounts import substitutions as account_substitutions
from webapp.accounts.substitutions import ArrangeSubstitution, EndSubstitution, Substitution
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("substitutions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """The id of what was arranged."""

    id: str


class SubstitutionQuery(Body):
    """Those about oneself, or everybody's; those that are over only with `past`."""

    everybody: bool = False
    past: bool = False


class SubstitutionBody(Body):
    """Log-in names; `person` is who is away, oneself without it. No roles, no processes: all of them."""

    deputy: str = Field(max_length=64)
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    person: str | None = Field(default=None, max_length=64)
    roles: list[str] = Field(default_factory=list, max_length=100)
    processes: list[str] = Field(default_factory=list, max_length=100)


@routes.get(
    "/substitutions",
    "Who does whose tasks while they are away",
    query=SubstitutionQuery,
    answer=list[Substitution],
    refusals=(403, 422),
)
def substitutions(query: SubstitutionQuery) -> list[Substitution]:
    """List them."""
    with view() as reading:
        return account_substitutions.substitutions(reading, everybody=query.everybody, past=query.past)


@routes.post(
    "/substitutions",
    "Have somebody do one's tasks for a time",
    body=SubstitutionBody,
    answer=Arranged,
    status=201,
    refusals=(403, 404, 409, 422),
)
def arrange_substitution(body: SubstitutionBody) -> Arranged:
    """Arrange one."""
    command = ArrangeSubstitution(
        deputy=body.deputy,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        person=body.person,
        roles=frozenset(body.roles),
        processes=frozenset(body.processes),
    )
    return Arranged(id=run(command))


@routes.post("/substitutions/<id:substitution_id>/end", "End one before its time", status=204, refusals=(404,))
def end_substitution(substitution_id: str) -> None:
    """End one."""
    run(EndSubstitution(substitution_id=substitution_id))
