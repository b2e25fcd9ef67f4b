"""What stands in the index for one entry: a PostgreSQL text vector that we write ourselves, within its limits.

Lexemes: a folded word with its positions; `/stem` without; `^word` and `^/stem` for what stands in the title, number
and tags; `=field=value` for filters. No word contains such a mark, so nothing that people write can pretend to be one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from documents.search.normalising import cleaned, folded, languages_of, stems, tokens

STEM, NAME, IS = "/", "^", "="
TITLE, NAMES, ABOUT, TEXT = "A", "B", "C", ""  # weights; without one it is D
GAP = 16  # positions between two parts, so that no phrase spans them
LAST = 16_383  # the greatest position that PostgreSQL keeps
MOST_POSITIONS = 64  # of one word; PostgreSQL keeps at most 256
ROOM = 900_000  # bytes of a vector; PostgreSQL refuses 1 048 576
PRICE = 10  # bytes that an entry of the vector takes beside its lexeme, position included
LONGEST_TEXT = 2_000_000  # characters that are looked at
LONGEST_VALUE = 200  # characters of a field's value


@dataclass(slots=True)
class _Vector:
    """Lexemes with their positions, up to what PostgreSQL takes."""

    positions: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0

    def add(self, lexeme: str, position: int | None = None, weight: str = "") -> bool:
        """Whether there was room for it."""
        known = self.positions.get(lexeme)
        if known is None:
            self.size += len(lexeme.encode()) + PRICE
            if self.size > ROOM:
                return False
            known = self.positions[lexeme] = []
        if position is not None and position <= LAST and len(known) < MOST_POSITIONS:
            self.size += 2
            known.append(f"{position}{weight}")
        return True

    def written(self) -> str:
        """As PostgreSQL reads it."""
        return " ".join(
            f"{quoted(lexeme)}:{','.join(at)}" if at else quoted(lexeme) for lexeme, at in self.positions.items()
        )


def vector(parts: Sequence[tuple[str, str]], facts: Iterable[tuple[str, str]]) -> str:
    """The vector of an entry: `parts` are texts with their weight, `facts` fields with their values."""
    built = _Vector()
    for name, value in facts:
        built.add(fact(name, value))
    read = [(list(tokens(cleaned(text[:LONGEST_TEXT]))), weight) for text, weight in parts]
    languages = languages_of([token.word for found, _ in read for token in found])
    position = 1
    for found, weight in read:
        is_name = weight in (TITLE, NAMES)
        for token in found:
            if not built.add(token.word, position, weight):
                return built.written()
            position += 1
            marked = [STEM + stem for stem in stems(token.written, languages) if stem != token.word]
            for lexeme in marked:
                built.add(lexeme, position - 1 if is_name else None, weight if is_name else "")
            for lexeme in (token.word, *marked) if is_name else ():
                built.add(NAME + lexeme)
        position += GAP
    return built.written()


def fact(name: str, value: str) -> str:
    """The lexeme that says that a field has a value; capitals, diacritics and spaces make no difference."""
    return f"{IS}{name}{IS}{' '.join(folded(cleaned(value)).split())[:LONGEST_VALUE]}"


def quoted(lexeme: str) -> str:
    """A lexeme as it is written in a vector or a query."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
