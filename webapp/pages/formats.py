"""How pages write amounts, sizes, dates and names; dates in the reader's zone."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, g, request
from markupsafe import Markup

from webapp.inbox.telling import MENTION
from webapp.web import application

MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds
SOON = timedelta(days=1)
AMOUNT = re.compile(r"-?\d+\.\d{2}")
TIME = Markup('<time datetime="{}" title="{}">{}</time>')


def register(app: Flask) -> None:
    """Make every filter of this module known to templates."""
    filters = (
        money,
        quantity,
        percent,
        size,
        moment,
        field_moment,
        day,
        due,
        due_mark,
        ago,
        lasting,
        initials,
        words,
        short,
        pretty,
        plain_value,
        with_mentions,
    )
    app.jinja_env.filters.update({each.__name__: each for each in filters})
    app.jinja_env.filters["doc_icon"] = document_icon


def reader_zone() -> ZoneInfo:
    """The zone that the reader's browser named in a cookie, else the installation's."""
    if "zone" not in g:
        g.zone = _zone(request.cookies.get("zone")) or ZoneInfo(application().settings.time_zone)
    zone: ZoneInfo = g.zone
    return zone


def _zone(name: str | None) -> ZoneInfo | None:
    if not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return None


def money(value: Decimal | str | float | None, currency: str | None = None) -> str:
    """12,345.60 EUR; a dash for nothing."""
    number = _decimal(value)
    if number is None:
        return "–"
    return f"{number:,.2f} {currency}" if currency else f"{number:,.2f}"


def quantity(value: Decimal | str | float | None) -> str:
    """A number with as many decimals as it has, 1,250 or 0.5."""
    number = _decimal(value)
    if number is None:
        return "–"
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_mentions(text: str, names: Mapping[str, str]) -> Markup:
    """A comment with the people whom it mentions called by their names, everything else escaped."""
    found, end = Markup(), 0
    for each in MENTION.finditer(text):
        name = names.get(each[1].lower())
        if name is not None:
            found += Markup('{}<strong class="mention">@{}</strong>').format(text[end : each.start()], name)
            end = each.end()
    return found + Markup("{}").format(text[end:])


def plain_value(value: Any) -> str:
    """A search value of a task: amounts with separators, everything else as it is."""
    return money(value) if AMOUNT.fullmatch(str(value)) else str(value)


def percent(value: Decimal | str | float | None) -> str:
    """12.5 %."""
    return "–" if value is None else f"{quantity(value)} %"


def _decimal(value: Any) -> Decimal | None:
    return None if value is None or value == "" else Decimal(str(value))


def size(value: int | None) -> str:
    """Bytes as people read them: 640 B, 12 kB, 3.4 MB."""
    if value is None:
        return "–"
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def moment(value: datetime | None, *, seconds: bool = False) -> str:
    """5 Jan 2026, 08:00 in the reader's zone; the exact time in UTC as title."""
    if value is None:
        return "–"
    local = value.astimezone(reader_zone())
    text = f"{local.day} {local:%b %Y, %H:%M:%S}" if seconds else f"{local.day} {local:%b %Y, %H:%M}"
    return _tag(value, text)


def field_moment(value: datetime | None) -> str:
    """2026-01-05T08:00 in the reader's zone, as a field for date and time wants it."""
    return "" if value is None else f"{value.astimezone(reader_zone()):%Y-%m-%dT%H:%M}"


def day(value: date | datetime | None) -> str:
    """5 Jan 2026."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = value.astimezone(reader_zone()).date()
    return TIME.format(value.isoformat(), value.isoformat(), f"{value.day} {value:%b %Y}")


def ago(value: datetime | None) -> str:
    """3 hours ago; older than a week, the day."""
    if value is None:
        return "–"
    passed = _now() - value
    if passed > timedelta(days=7):
        return day(value)
    return _tag(value, "just now" if passed < timedelta(minutes=1) else f"{_span(passed)} ago")


def due(value: datetime | None) -> str:
    """Due in 3 hours, 2 days late."""
    if value is None:
        return ""
    left = value - _now()
    return _tag(value, f"Due in {_span(left)}" if left >= timedelta(0) else f"{_span(-left)} late")


def lasting(since: datetime, until: datetime | None = None) -> str:
    """3 hours: how long it has lasted, or lasted until a moment."""
    return _tag(since, _span((until or _now()) - since))


def due_mark(value: datetime | None) -> str:
    """The class of the mark that says how urgent it is."""
    if value is None:
        return ""
    left = value - _now()
    if left < timedelta(0):
        return "mark-late"
    return "mark-soon" if left < SOON else ""


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit:
            number = int(seconds // unit)
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    return "a moment"


def _now() -> datetime:
    return application().clock.now()


def _tag(value: datetime, text: str) -> str:
    return TIME.format(value.astimezone(UTC).isoformat(), f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", text)


def initials(name: str) -> str:
    """AN of Anna Nowak."""
    parts = [part for part in name.replace(".", " ").split() if part]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "?"


def words(code: str | None) -> str:
    """A key such as approved_sent as people read it: Approved sent."""
    return (code or "").replace("_", " ").replace(".", " ").strip().capitalize()


def short(digest: str) -> str:
    """The first characters of a digest, enough to compare by eye."""
    return digest[:12]


def pretty(value: Any) -> str:
    """A value of a case as people can read it; nested ones as indented JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return str(value)


def document_icon(media_type: str | None) -> str:
    """The name of the icon for a type of content."""
    match (media_type or "").split(";")[0]:
        case "application/pdf":
            return "file-type-pdf"
        case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
            return "file-type-docx"
        case kind if kind.startswith("image/"):
            return "photo"
    return "file"
