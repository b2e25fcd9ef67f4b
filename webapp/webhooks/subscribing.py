"""Setting up webhooks: which address hears of which events, signed with which secret."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import SplitResult, urlunsplit

from sqlalchemy import select

from audit.models import AuditLogRow
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from storage.unit_of_work import UnitOfWork
from webapp.operations.network import AddressRefused, is_inner, is_named, parts_of
from webapp.webhooks import catalogue
from webapp.webhooks.errors import WebhookNotFound, WrongWebhook, WrongWebhookState
from webapp.webhooks.events import (
    WebhookPaused,
    WebhookRemoved,
    WebhookResumed,
    WebhookSaved,
    WebhookSecretRotated,
)
from webapp.webhooks.models import WebhookRow
from webapp.webhooks.signing import WebhookSealing, new_secret

ADMINISTER = "webhook.administer"
ACTIVE, PAUSED = "active", "paused"
OVERLAP = timedelta(days=1)  # for which a replaced secret signs, too
MOST = 50  # webhooks
MOST_PATTERNS = 50
LONGEST_NAME, LONGEST_URL, LONGEST_REASON = 100, 1000, 400  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook(Command):
    """Have an address told of events: `task.completed`, `order.*`, or `*` for all."""

    name: str
    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook and its secret; nobody is shown the secret again."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook(id={self.id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWebhook(Command):
    """Change what is given."""

    webhook_id: str
    name: str | None = None
    url: str | None = None
    events: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseWebhook(Command):
    """Deliver nothing until it is resumed; what happens meanwhile is not lost."""

    webhook_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeWebhook(Command):
    """Deliver again, first what happened meanwhile; with `skip` without that."""

    webhook_id: str
    skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSecret(Command):
    """Sign with a new secret; the old one signs beside it for a day."""

    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveWebhook(Command):
    """Tell the address nothing any more, and forget what it was told."""

    webhook_id: str


@handles(CreateWebhook, needs=ADMINISTER)
def create_webhook(command: CreateWebhook, unit: UnitOfWork) -> NewWebhook:
    """It hears of what happens from now on. Raises `WrongWebhook`, `WrongWebhookState`."""
    if len(unit.session.scalars(select(WebhookRow.id).limit(MOST)).all()) >= MOST:
        raise WrongWebhookState(f"There are {MOST} webhooks already. Remove one that is not used.")
    secret = new_secret()
    row = WebhookRow(
        id=new_id(),
        name=_name(command.name),
        url=checked_url(command.url, unit.port(Settings)),
        events=_patterns(command.events),
        secret=unit.port(WebhookSealing).seal(secret.encode()),
        state=ACTIVE,
        position=_newest(unit),
        failures=0,
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
    )
    unit.session.add(row)
    _tell(unit, row)
    return NewWebhook(row.id, secret)


@handles(ChangeWebhook, needs=ADMINISTER)
def change_webhook(command: ChangeWebhook, unit: UnitOfWork) -> None:
    """Deliveries that wait go to the new address, too. Raises `WebhookNotFound`, `WrongWebhook`."""
    row = locked(unit, command.webhook_id)
    before = (row.name, row.url, row.events)
    if command.name is not None:
        row.name = _name(command.name)
    if command.url is not None:
        row.url = checked_url(command.url, unit.port(Settings))
    if command.events is not None:
        row.events = _patterns(command.events)
    if (row.name, row.url, row.events) != before:
        row.failures, row.failing_since, row.held_until = 0, None, None
        _tell(unit, row)


@handles(PauseWebhook, needs=ADMINISTER)
def pause_webhook(command: PauseWebhook, unit: UnitOfWork) -> None:
    """Raises `WebhookNotFound`, `WrongWebhookState`."""
    row = locked(unit, command.webhook_id)
    if row.state == PAUSED:
        raise WrongWebhookState(f"{row.name} is paused already.")
    pause(unit, row, " ".join(command.reason.split())[:LONGEST_REASON] or "No reason was given.")


@handles(ResumeWebhook, needs=ADMINISTER)
def resume_webhook(command: ResumeWebhook, unit: UnitOfWork) -> None:
    """Raises `WebhookNotFound`, `WrongWebhookState`."""
    row = locked(unit, command.webhook_id)
    if row.state != PAUSED:
        raise WrongWebhookState(f"{row.name} is not paused.")
    row.state, row.reason = ACTIVE, None
    row.failures, row.failing_since, row.held_until = 0, None, None
    if command.skip:
        row.position = _newest(unit)
    unit.emit(WebhookResumed(webhook_id=row.id, skipped=command.skip))


@handles(RotateSecret, needs=ADMINISTER)
def rotate_secret(command: RotateSecret, unit: UnitOfWork) -> NewWebhook:
    """The new secret; the answer is the only time that it is shown. Raises `WebhookNotFound`."""
    row = locked(unit, command.webhook_id)
    secret = new_secret()
    row.old_secret, row.old_until = row.secret, unit.clock.now() + OVERLAP
    row.secret = unit.port(WebhookSealing).seal(secret.encode())
    unit.emit(WebhookSecretRotated(webhook_id=row.id))
    return NewWebhook(row.id, secret)


@handles(RemoveWebhook, needs=ADMINISTER)
def remove_webhook(command: RemoveWebhook, unit: UnitOfWork) -> None:
    """Its deliveries go with it; the trail keeps that it was there. Raises `WebhookNotFound`."""
    row = locked(unit, command.webhook_id)
    unit.session.delete(row)
    unit.emit(WebhookRemoved(webhook_id=row.id))


def locked(unit: UnitOfWork, webhook_id: str) -> WebhookRow:
    """The webhook, locked until the unit ends. Raises `WebhookNotFound`."""
    row = unit.session.get(WebhookRow, webhook_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise WebhookNotFound(webhook_id)
    return row


def pause(unit: UnitOfWork, row: WebhookRow, reason: str) -> None:
    """Deliver nothing more."""
    row.state, row.reason = PAUSED, reason
    unit.emit(WebhookPaused(webhook_id=row.id, reason=reason))


def checked_url(url: str, settings: Settings) -> str:
    """The address in its normal form. Raises `WrongWebhook` for one that is never called."""
    try:
        parts = _parts(url.strip(), settings)
    except AddressRefused as error:
        raise WrongWebhook(error.sentence, fields={"/url": error.sentence}) from error
    return urlunsplit(parts)


def _parts(url: str, settings: Settings) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise AddressRefused(f"The address has more than {LONGEST_URL} characters.")
    parts = parts_of(url)
    if is_named(settings.webhook_hosts, parts):
        return parts
    if parts.scheme != "https":
        raise AddressRefused("The address must begin with https://, so that nobody on the way reads what is told.")
    if is_inner(parts.hostname or ""):
        raise AddressRefused(
            f"{parts.hostname} is inside a network; an administrator of the server allows it with OBIEG_WEBHOOK_HOSTS."
        )
    return parts


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise WrongWebhook(
            f"A webhook needs a name of up to {LONGEST_NAME} characters, such as the program that listens.",
            fields={"/name": f"1 to {LONGEST_NAME} characters"},
        )
    return name


def _patterns(given: tuple[str, ...]) -> list[str]:
    patterns = list(dict.fromkeys(each.strip() for each in given if each.strip()))
    if not patterns or len(patterns) > MOST_PATTERNS:
        raise WrongWebhook(
            f"Name 1 to {MOST_PATTERNS} kinds of events, such as order.*, or * for all.",
            fields={"/events": "none named"},
        )
    if wrong := catalogue.unknown(patterns):
        raise WrongWebhook(
            f"There is no event {', '.join(wrong)}. Write one such as task.completed, a group such as order.*, or *.",
            fields={"/events": f"unknown: {', '.join(wrong)}"},
        )
    return patterns


def _newest(unit: UnitOfWork) -> int:
    row = unit.session.get(AuditLogRow, 1)
    return row.size if row else 0


def _tell(unit: UnitOfWork, row: WebhookRow) -> None:
    unit.emit(WebhookSaved(webhook_id=row.id, name=row.name, url=without_query(row.url), events=row.events))


def without_query(url: str) -> str:
    """The address as it may be told: what stands behind the question mark may be a password."""
    return url.partition("?")[0]


def opened_secrets(unit: UnitOfWork, row: WebhookRow) -> list[str]:
    """The secrets that sign now, the newest first. Raises `SealBroken`."""
    sealing = unit.port(WebhookSealing)
    kept = [row.secret]
    if row.old_secret is not None and row.old_until is not None and row.old_until > unit.clock.now():
        kept.append(row.old_secret)
    return [sealing.open(each).decode() for each in kept]
