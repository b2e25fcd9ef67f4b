"""What each kind of form-js field accepts."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from core.errors import InvalidInput
from engine.feel.calendar import company_zone
from engine.feel.values import plain
from engine.form_shapes import compiled, number_of

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s().\-]{5,30}")
MAXIMUM_TEXT = 100_000  # characters


class Ask:
    """One field of a form, as it applies to this submission."""

    def __init__(self, component: Mapping[str, Any], evaluate: Callable[[str], Any], now: datetime) -> None:
        self.component = component
        self.now = now
        self.label = str(component.get("label") or component.get("key"))
        self._evaluate = evaluate

    def rule(self, name: str) -> Any:
        """A validation rule, evaluated where it is an expression."""
        value = (self.component.get("validate") or {}).get(name)
        if isinstance(value, str) and value.startswith("="):
            return plain(self._evaluate(value))
        return value

    def options(self) -> list[Any] | None:
        """The values to choose from; None where the schema leaves them open."""
        if self.component.get("values") is not None:
            found = self.component["values"]
        elif self.component.get("valuesExpression"):
            found = plain(self._evaluate(self.component["valuesExpression"]))
        elif self.component.get("valuesKey"):
            found = plain(self._evaluate(self.component["valuesKey"]))
        else:
            return None
        listed = found if isinstance(found, list) else []  # what an expression gave
        return [each.get("value") if isinstance(each, Mapping) else each for each in listed]


def is_empty(component: Mapping[str, Any], value: Any) -> bool:
    """Whether a field counts as not filled in; an unticked box that must be ticked does."""
    if component.get("type") == "checkbox":
        return value is None or value is False
    if isinstance(value, str) and component.get("type") in {"textfield", "textarea"}:
        return not value.strip()  # form-js takes blanks for a text; whoever needs one would read nothing
    return value is None or value in ("", [])


def check_value(ask: Ask, value: Any) -> str:
    """Why a value cannot be accepted, as a sentence; empty when it can."""
    return FIELDS[ask.component["type"]](ask, value)


def _text(ask: Ask, value: Any) -> str:
    if not isinstance(value, str):
        return f"{ask.label} must be a text."
    shortest, longest, pattern = ask.rule("minLength"), ask.rule("maxLength"), ask.rule("pattern")
    if shortest is not None and len(value) < _number(ask, "minLength", shortest):
        return f"{ask.label} must have at least {shortest} characters."
    if len(value) > (MAXIMUM_TEXT if longest is None else _number(ask, "maxLength", longest)):
        return f"{ask.label} must have at most {MAXIMUM_TEXT if longest is None else longest} characters."
    if pattern and not _fits(ask, pattern, value):
        return f"{ask.label} does not have the form that is asked for ({pattern})."
    match ask.rule("validationType"):
        case "email" if _EMAIL.fullmatch(value) is None:
            return f"{ask.label} must be an e-mail address."
        case "phone" if _PHONE.fullmatch(value) is None:
            return f"{ask.label} must be a phone number."
    return ""


def _amount(ask: Ask, value: Any) -> str:
    if ask.component.get("serializeToString") and isinstance(value, str):
        if re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value) is None:
            return f"{ask.label} must be a number."
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return f"{ask.label} must be a number."
    number = Decimal(str(value))
    digits = ask.component.get("decimalDigits")
    if digits is not None and _places(number) > int(digits):
        return f"{ask.label} can have at most {digits} decimal digits."
    least, most = ask.rule("min"), ask.rule("max")
    if least is not None and number < _number(ask, "min", least):
        return f"{ask.label} must be at least {least}."
    if most is not None and number > _number(ask, "max", most):
        return f"{ask.label} must be at most {most}."
    return ""


def _places(number: Decimal) -> int:
    """Digits behind the point, without zeros at the end."""
    _, digits, exponent = number.as_tuple()
    written = "".join(map(str, digits))
    zeros = len(written) - len(written.rstrip("0"))
    return max(0, -int(exponent) - zeros) if number else 0


def _number(ask: Ask, name: str, rule: Any) -> Decimal:
    number = number_of(rule)
    if number is None:
        raise InvalidInput(
            f"{ask.label}: the rule {name} of the form gives no number, so nothing can be checked by it."
        )
    return number


def _fits(ask: Ask, pattern: Any, value: str) -> bool:
    try:
        return compiled(pattern).search(value.encode("utf-8", "replace").decode()) is not None
    except ValueError as error:
        raise InvalidInput(f"{ask.label}: the pattern of the form cannot be used: {error}.") from error


def _ticked(ask: Ask, value: Any) -> str:
    return "" if isinstance(value, bool) else f"{ask.label} must be true or false."


def _choice(ask: Ask, value: Any) -> str:
    options = ask.options()
    if options is not None and not any(value == option and type(value) is type(option) for option in options):
        return f"{ask.label} must be one of: {', '.join(map(str, options))}."
    return "" if isinstance(value, str | int | float | bool | Mapping) else f"{ask.label} must be one value."


def _choices(ask: Ask, value: Any) -> str:
    if not isinstance(value, list):
        return f"{ask.label} must be a list."
    return next((told for each in value if (told := _choice(ask, each))), "")


def _moment(ask: Ask, value: Any) -> str:
    kind = ask.component.get("subtype", "date")
    read: Callable[[str], date | time] = _READ.get(kind, datetime.fromisoformat)
    try:
        moment = read(value)
    except (TypeError, ValueError):
        return f"{ask.label} must be a {kind} as in ISO 8601, such as {_EXAMPLES.get(kind, _EXAMPLES['datetime'])}."
    if ask.component.get("disallowPassedDates") and not isinstance(moment, time) and _is_past(moment, ask.now):
        return f"{ask.label} must not be before today."
    return ""


def _is_past(moment: date, now: datetime) -> bool:
    """Whether a day is over where the firm is; today's hours are not looked at, as in form-js."""
    zone = company_zone()
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone).date() if moment.tzinfo else moment.date()
    return moment < now.astimezone(zone).date()


def _files(ask: Ask, value: Any) -> str:
    return "" if isinstance(value, str | list) else f"{ask.label} must be a reference to files."


_READ: dict[str, Callable[[str], date | time]] = {"date": date.fromisoformat, "time": time.fromisoformat}
_EXAMPLES = {"date": "2026-01-31", "time": "14:30", "datetime": "2026-01-31T14:30"}
FIELDS: dict[str, Callable[[Ask, Any], str]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _amount,
    "checkbox": _ticked,
    "radio": _choice,
    "select": _choice,
    "checklist": _choices,
    "taglist": _choices,
    "datetime": _moment,
    "filepicker": _files,
}
