"""What stands around every page: navigation, account, theme, and the names of people."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, g, request, url_for

from core.errors import DomainError
from core.identity import SYSTEM, Actor
from core.records import dataclass
from webapp.accounts.emergency import is_beyond_own_rights
from webapp.accounts.queries import accounts
from webapp.modules import is_off
from webapp.pages.formats import words
from webapp.web import application, maybe_actor, view

THEMES = ("light", "dark")
OFFER_MARKS = {
    "in_approval": "mark-live",
    "approved": "mark-good",
    "sent": "mark-good",
    "accepted": "mark-good",
    "declined": "mark-late",
    "returned": "mark-soon",
    "rejected": "mark-late",
}
PLAN = (  # group, (title, icon, endpoint, right, part of the address); the first right that is held shows the link
    ("", ("Inbox", "inbox", "inbox", "", "/tasks")),
    ("", ("Today", "list-check", "today", "task.work", "/today")),
    ("", ("Team", "users", "team", "task.work", "/team")),
    ("", ("Calls", "message", "calls", "call.work", "/calls")),
    ("", ("Notifications", "bell", "notifications", "", "/notifications")),
    ("", ("Start a case", "player-play", "start", "case.start", "/start")),
    ("", ("Cases", "briefcase", "cases", "", "/cases")),
    ("", ("Documents", "files", "documents", "", "/documents")),
    ("", ("Scan inbox", "scan", "scan_inbox", "document.sort", "/scan-inbox")),
    ("", ("Substitution", "user-check", "substitution_list", "task.work", "/substitutions")),
    ("", ("Reports", "chart-bar", "reports", "", "/reports")),
    ("", ("Records", "clock", "records", "records.read", "/records")),
    ("", ("Breaches", "shield-check", "breach_register", "breach.keep", "/breaches")),
    ("Letters", ("Outbox", "mail", "outbox", "outbox.send", "/outbox")),
    ("Letters", ("Letters", "send", "letters", "document.file", "/letters")),
    ("Letters", ("Templates", "file-text", "templates", "document.file", "/templates")),
    ("Sales", ("Opportunities", "filter", "opportunities", "customer.read", "/opportunities")),
    ("Sales", ("Offers", "receipt", "offers", "customer.read", "/offers")),
    ("Sales", ("Orders", "briefcase", "customer_orders", "offer.edit", "/orders")),
    ("Sales", ("Invoices", "file-text", "invoices", "customer.finance", "/invoices")),
    ("Sales", ("Payments", "list-check", "payments", "customer.finance", "/payments")),
    ("Sales", ("Customers", "building", "customers", "customer.read", "/customers")),
    ("Sales", ("Segments", "users", "segments", "customer.read", "/segments")),
    ("Sales", ("Campaigns", "send", "campaigns", "outbox.send", "/campaigns")),
    ("Sales", ("Consents", "user-check", "consent_register", "customer.read", "/consents")),
    ("Sales", ("Devices", "bolt", "devices", "customer.read", "/devices")),
    ("Sales", ("Tickets", "message", "ticket_list", "customer.read", "/tickets")),
    ("Sales", ("Price lists", "list-check", "price_lists", "customer.read", "/price-lists")),
    ("Sales", ("Activities", "calendar-due", "activities", "customer.read", "/activities")),
    ("Sales", ("Calendar", "calendar", "calendar", "customer.read", "/calendar")),
    ("Sales", ("Rooms and devices", "building", "resource_list", "customer.read", "/resources")),
    ("Sales", ("ERP", "refresh", "erp", "erp.exchange", "/erp")),
    ("Sales", ("Imports", "upload", "imports", "customer.edit", "/imports")),
    ("Audit", ("Log", "shield-check", "log", "audit.read", "/audit")),
    ("Audit", ("Unusual reads", "eye", "unusual", "audit.read", "/unusual-reads")),
    ("Audit", ("Emergency access", "eye", "emergency", "audit.read", "/emergency-access")),
    ("Administration", ("Emergency access", "eye", "emergency", "emergency.open", "/emergency-access")),
    ("Administration", ("Substitution", "user-check", "substitution_list", "account.administer", "/substitutions")),
    ("Administration", ("People", "users", "people_list", "account.administer", "/people")),
    ("Design", ("Studio", "pencil", "studio", "definition.draft", "/studio")),
    ("Administration", ("Webhooks", "send", "webhook_list", "webhook.administer", "/webhooks")),
    ("Design", ("Processes", "sitemap", "definitions", "", "/definitions")),
)
COUNTED = {
    "inbox": "inbox_count",
    "notifications": "notification_count",
    "scan_inbox": "scan_inbox_count",
}  # endpoints whose link bears a number


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """One line of the navigation; `counted` is where its number comes from."""

    title: str
    icon: str
    address: str
    is_here: bool
    counted: str | None


@dataclass(frozen=True, slots=True)
class NavigationGroup:
    """Lines under one title."""

    title: str
    links: list[NavigationLink]


def register(app: Flask) -> None:
    """Give every template what the frame around it needs."""
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    me = _me()
    theme = request.cookies.get("theme")
    return {
        "me": me,
        "my_roles": ", ".join(words(role) for role in sorted(me.roles)) if me else "",
        "navigation": _navigation(me) if me else [],
        "emergency_is_open": me is not None and is_beyond_own_rights(me),
        "theme": theme if theme in THEMES else "light",
        "company": application().settings.company,
        "max_upload": application().settings.max_upload,
        "offer_marks": OFFER_MARKS,
    }


def _me() -> Actor | None:
    try:
        return maybe_actor()
    except DomainError:  # the page that tells of the error must not fail by the same one
        return None


def _navigation(me: Actor) -> list[NavigationGroup]:
    groups: dict[str, NavigationGroup] = {}
    for group, (title, icon, endpoint, right, below) in PLAN:
        if (right and not me.may(right)) or is_off(application().settings, f"pages.{endpoint}"):
            continue
        address = url_for(f"pages.{endpoint}")
        is_here = request.path == address or request.path.startswith(below)
        counted = url_for(f"pages.{COUNTED[endpoint]}") if endpoint in COUNTED else None
        link = NavigationLink(title, icon, address, is_here, counted)
        groups.setdefault(group, NavigationGroup(group, [])).links.append(link)
    return list(groups.values())


def names() -> Mapping[str, str]:
    """The display name of each account by its log-in name; read once per request."""
    if "names" not in g:
        with view(SYSTEM) as reading:  # names of colleagues are no secret among them
            g.names = {each.name: each.display_name for each in accounts(reading)} | {SYSTEM.id: "Obieg"}
    found: Mapping[str, str] = g.names
    return found
