"""What a template may ask for: fields by name, described for the people who write templates."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.records import dataclass

TEXT, NUMBER, MONEY, DATE, FLAG, LIST, RECORD, OPEN = (
    *("text", "number", "money", "date", "yes or no"),
    *("list", "record", "open"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `fields` are those of a record, or of each item of a list; an open one has parts nobody can list."""

    name: str
    title: str
    kind: str = TEXT
    sample: str = ""
    fields: tuple["Field", ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON, for the process that checks."""
        return asdict(self)


def field_of(plain: Mapping[str, Any]) -> Field:
    """The field that `plain` gave."""
    return Field(**{**plain, "fields": tuple(field_of(each) for each in plain["fields"])})


def record(name: str, title: str, *fields: Field) -> Field:
    """A field with parts."""
    return Field(name=name, title=title, kind=RECORD, fields=fields)


def listing(name: str, title: str, *fields: Field) -> Field:
    """A field that repeats: `{%tr for line in offer.lines %}`."""
    return Field(name=name, title=title, kind=LIST, fields=fields)


def samples(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Values to try a template with; lists have two items."""
    return {each.name: _sample(each) for each in fields}


def _sample(field: Field) -> Any:
    if field.kind == RECORD:
        return samples(field.fields)
    if field.kind == LIST:
        return [samples(field.fields), samples(field.fields)]
    if field.kind == OPEN:
        return {}
    if field.kind == FLAG:
        return field.sample == "yes"
    return field.sample


def open_fields(fields: tuple[Field, ...]) -> list[str]:
    """Fields whose parts the catalogue does not know, as they are written."""
    return [name for name, field in written(fields) if field.kind == OPEN]


def written(fields: tuple[Field, ...], before: str = "") -> list[tuple[str, Field]]:
    """Every field as it is written in a template, in the order of the catalogue."""
    found: list[tuple[str, Field]] = []
    for each in fields:
        name = f"{before}{each.name}"
        found.append((name, each))
        if each.kind == RECORD:
            found += written(each.fields, f"{name}.")
        if each.kind == LIST:
            found += written(each.fields, f"{each.name.rstrip('s')}.")
    return found
