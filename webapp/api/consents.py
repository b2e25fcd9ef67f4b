"""What people consented to and withdrew, and the clauses that they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from core.records import dataclass
from crm.privacy import consent_queries
from crm.privacy.access import OrderAccess
from crm.privacy.consent_queries import Clause, Consent, Consents
from crm.privacy.consents import RecordConsent, WriteClause
from crm.queries import Page
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("consents")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseList:
    """What people are asked, by purpose, the newest first."""

    items: Sequence[Clause]


class ConsentBody(Body):
    """What a person said: `state` is given or withdrawn."""

    purpose: str = Field(max_length=64, description="a value of the list consent_purpose")
    state: str
    channel: str = Field(default="any", description="any, email, sms, phone, letter or fax")
    happened_at: datetime | None = Field(default=None, description="with its zone; now, if it is left out")
    source: str = Field(default="conversation", max_length=64, description="a value of the list consent_source")
    clause: int | None = Field(default=None, ge=1, le=2**31 - 1, description="a version of our clause; the newest")
    wording: str | None = Field(default=None, description="what they were asked, where it was no clause of ours")
    evidence_id: str | None = Field(default=None, max_length=26, description="the document that proves it")
    remark: str | None = None


class ClauseBody(Body):
    """What people are asked from now on."""

    purpose: str = Field(max_length=64)
    text: str


class AccessBody(Body):
    """Why all that is held about a person is put together."""

    reason: str = Field(description="who asked for it, when and how")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAnswer:
    """The export that a worker writes; fetch it as every other one."""

    export_id: str


class RegisterQuery(Body):
    """Which entries of the register."""

    purpose: str | None = Field(default=None, max_length=64)
    state: str | None = Field(default=None, max_length=16)
    after: str | None = Field(default=None, max_length=26)
    limit: int = Field(default=50, ge=1, le=200)


@routes.get("/consents", "The register of consents", query=RegisterQuery, answer=Page[Consent], refusals=(403,))
def register(query: RegisterQuery) -> Any:
    """List what was said, the newest entry first."""
    with view() as reading:
        return consent_queries.register(reading, **query.model_dump())


@routes.get("/consents/clauses", "The clauses", answer=ClauseList, refusals=(403,))
def clauses() -> ClauseList:
    """List the clauses with their versions."""
    with view() as reading:
        return ClauseList(items=consent_queries.clauses(reading))


@routes.post(
    "/consents/clauses", "Give a clause another wording", body=ClauseBody, answer=ClauseList, refusals=(403, 422)
)
def write_clause(body: ClauseBody) -> ClauseList:
    """Keep a version of a clause."""
    run(WriteClause(purpose=body.purpose, text=body.text))
    with view() as reading:
        return ClauseList(items=consent_queries.clauses(reading))


@routes.get("/contacts/<id:contact_id>/consents", "A person's consents", answer=Consents, refusals=(403, 404))
def consents(contact_id: str) -> Consents:
    """What holds now, and the history."""
    with view() as reading:
        return consent_queries.consents(reading, contact_id)


@routes.post(
    "/contacts/<id:contact_id>/access",
    "Have all that is held about a person put together, to be given to them (GDPR, articles 15 and 20)",
    body=AccessBody,
    answer=AccessAnswer,
    status=202,
    refusals=(403, 404, 422),
)
def order_access(contact_id: str, body: AccessBody) -> AccessAnswer:
    """Order the file of a person."""
    return AccessAnswer(export_id=run(OrderAccess(contact_id=contact_id, reason=body.reason)))


@routes.post(
    "/contacts/<id:contact_id>/consents",
    "A person gave or withdrew a consent",
    body=ConsentBody,
    answer=Consents,
    status=201,
    refusals=(403, 404, 422),
)
def record_consent(contact_id: str, body: ConsentBody) -> Consents:
    """Record what a person said."""
    run(RecordConsent(contact_id=contact_id, **body.model_dump()))
    with view() as reading:
        return consent_queries.consents(reading, contact_id)
