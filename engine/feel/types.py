"""The types of FEEL: what `instance of`, parameters and item definitions speak about."""

from dataclasses import field

from core.records import dataclass

SIMPLE = (
    "Any",
    "Null",
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "list",
    "context",
    "function",
    "range",
    "duration",
)

ALIASES = {
    "any": "Any",
    "dateTime": "date and time",
    "dateAndTime": "date and time",
    "date time": "date and time",
    "dayTimeDuration": "days and time duration",
    "daysAndTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "yearsAndMonthsDuration": "years and months duration",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type by name; lists and ranges have one part, contexts named parts, functions parameters and a result."""

    name: str
    parts: tuple["Type", ...] = ()
    keys: tuple[str, ...] = field(default=())
    result: "Type | None" = None

    def __str__(self) -> str:
        if self.name == "context" and self.keys:
            inside = ", ".join(f"{key}: {part}" for key, part in zip(self.keys, self.parts, strict=True))
            return f"context<{inside}>"
        if self.name == "function" and self.result is not None:
            return f"function<{', '.join(map(str, self.parts))}> -> {self.result}"
        return f"{self.name}<{self.parts[0]}>" if self.parts else self.name


ANY = Type("Any")


def simple(name: str) -> Type | None:
    """The built-in type of that name in any of the spellings of DMN 1.1 to 1.5, or None."""
    name = ALIASES.get(name, name)
    return Type(name) if name in SIMPLE else None
