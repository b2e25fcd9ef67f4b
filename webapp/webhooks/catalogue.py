"""Which events webhooks hear of, and what is told of each: what happened to which record, never its content.

The envelope is a CloudEvent 1.0 in structured JSON. Whoever may know more reads the record by REST, with own rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from core.ids import ALPHABET, LENGTH
from core.messages import Event
from core.records import dataclass

HIDDEN = ("webhook.", "access.", "audit.")  # what the machinery tells of itself and of who was refused
PING = "webhook.ping"
ADDRESSES: Mapping[str, str] = {  # what a subject is, and where REST gives it
    "activity": "activities",
    "breach": "breaches",
    "case": "instances",
    "customer": "customers",
    "device": "devices",
    "dictionary": "dictionaries",
    "disposal": "disposals",
    "document": "documents",
    "document_type": "document-types",
    "import": "imports",
    "invoice": "invoices",
    "mass_edit": "mass-edits",
    "merge": "merges",
    "message": "outbox/messages",
    "offer": "offers",
    "order": "orders",
    "payment": "payments",
    "price_list": "price-lists",
    "product": "products",
    "resource": "resources",
    "retention_rule": "retention-rules",
    "segment": "segments",
    "service_contract": "service-contracts",
    "ticket": "tickets",
}
BY_KEY = frozenset({"dictionary", "document_type", "retention_rule"})  # known by a name, not by an id
_ID = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_KEYS = re.compile(r"(.+_)?(id|ids|number|key)")
_PATTERN = re.compile(r"\*|[a-z_]+\.\*|[a-z_]+(\.[a-z_]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An entry of the trail, as far as webhooks tell of it."""

    id: str
    type: str
    subject: str
    at: datetime
    actor: str
    case_id: str | None
    data: Mapping[str, Any]


@cache
def event_types() -> Mapping[str, type[Event]]:
    """All kinds of events that webhooks hear of, by name."""
    found = {kind.type: kind for kind in _kinds(Event) if "type" in vars(kind) and kind.__module__[:6] != "tests."}
    return {name: found[name] for name in sorted(found) if not name.startswith(HIDDEN)}


def _kinds(base: type[Event]) -> Iterator[type[Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def unknown(patterns: Sequence[str]) -> list[str]:
    """The patterns that no event has."""
    known = event_types()
    return [
        each for each in patterns if not _PATTERN.fullmatch(each) or not any(is_meant(each, name) for name in known)
    ]


def is_meant(pattern: str, name: str) -> bool:
    """Whether a pattern means a kind of event."""
    return pattern in {"*", name} or (pattern.endswith(".*") and name.startswith(pattern[:-1]))


def is_wanted(patterns: Sequence[str], name: str) -> bool:
    """Whether any of the patterns means a kind of event that webhooks hear of."""
    return not name.startswith(HIDDEN) and any(is_meant(each, name) for each in patterns)


def envelope(happened: Happened, *, source: str) -> dict[str, Any]:
    """What is delivered; the same however often it is tried."""
    names = told(happened.type)
    return {
        "specversion": "1.0",
        "id": happened.id,
        "source": source or "/",
        "type": happened.type,
        "subject": happened.subject,
        "time": happened.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "actor": happened.actor,
            "case_id": happened.case_id,
            "record": address_of(happened.subject),
            "keys": {name: happened.data.get(name) for name in names if name in happened.data},
        },
    }


def address_of(subject: str) -> str | None:
    """Where REST gives the subject of an event; None where it has no address of its own."""
    kind, _, key = subject.partition(":")
    if kind not in ADDRESSES or not (kind in BY_KEY or _ID.fullmatch(key)):
        return None
    return f"/api/v1/{ADDRESSES[kind]}/{key}"


@cache
def told(name: str) -> Mapping[str, Any]:
    """The fields of a kind of event that name records, with their JSON schema; none of them is personal."""
    kind = event_types().get(name)
    if kind is None:
        return {}
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind) if _KEYS.fullmatch(each.name) and each.name not in kind.personal]
    return {name: TypeAdapter(hints[name]).json_schema() for name in names}


def described() -> dict[str, Any]:
    """The member `webhooks` of OpenAPI 3.1: one for each kind of event."""
    return {name: {"post": _described(name, kind)} for name, kind in event_types().items()}


def _described(name: str, kind: type[Event]) -> dict[str, Any]:
    keys = {"type": "object", "properties": dict(told(name))}
    data = {"type": "object", "properties": {"keys": keys}}
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/WebhookEvent"},
            {"type": "object", "properties": {"type": {"const": name}, "data": data}},
        ]
    }
    return {
        "operationId": f"webhook_{name.replace('.', '_')}",
        "tags": ["webhooks"],
        "summary": (kind.__doc__ or name).partition("\n")[0],
        "parameters": [
            _header("webhook-id", "The id of the event; the same in every try, so that a receiver knows repetitions"),
            _header("webhook-timestamp", "When this try was made, in seconds since 1970"),
            _header("webhook-signature", "v1, and HMAC-SHA256 of id.timestamp.body; several with spaces between them"),
        ],
        "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": "It is taken"},
            "410": {"description": "Nothing more is wanted; the webhook is paused"},
            "default": {"description": "It is tried again later"},
        },
        "security": [],
    }


def _header(name: str, meaning: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": meaning, "schema": {"type": "string"}}


ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent 1.0: what happened to which record. The record itself is read by REST.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string", "description": "OBIEG_PUBLIC_URL, or /"},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "what it happened to, such as offer:01H…"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {
            "type": "object",
            "required": ["actor", "case_id", "record", "keys"],
            "properties": {
                "actor": {"type": "string", "description": "log-in name of who did it; system for the program itself"},
                "case_id": {"type": ["string", "null"]},
                "record": {"type": ["string", "null"], "description": "where REST gives the subject"},
                "keys": {"type": "object", "description": "ids and numbers of the records that it is about"},
            },
        },
    },
}
