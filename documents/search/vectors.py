"""What stands in the index for one entry: a PostgreSQL text vector that we write ourselves, within its limits.

Lexemes: a folded word with its positions; `/stem` without; `^word` and `^/stem` for what stands in the title, number
and tags; `=field=value` for filters. No word contains such a mark, so nothing that people write can pretend to be one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from core.records import dataclass
from documents.search.normalising import STEMS_KEPT, cleaned, folded, languages_of, stems, words_of

STEM, NAME, IS = "/", "^", "="
TITLE, NAMES, ABOUT, TEXT = "A", "B", "C", ""  # weights; without one it is D
GAP = 16  # positions between two parts, so that no phrase spans them
LAST = 16_383  # the greatest position that PostgreSQL keeps
PLACES = [str(place) for place in range(LAST + 1)]  # to write each anew takes longer than all else of a word
MOST_POSITIONS = 64  # of one word; PostgreSQL keeps at most 256
ROOM = 900_000  # bytes of a vector; PostgreSQL refuses 1 048 576
PRICE = 10  # bytes that an entry of the vector takes beside its lexeme, position included
LONGEST_TEXT = 2_000_000  # characters that are looked at
TELLING_WORDS = 2000  # of each part, from which the language is told
LONGEST_VALUE = 200  # characters of a field's value


class _Vector:
    """Written lexemes with their positions, up to what PostgreSQL takes."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self._languages, self._room = languages, ROOM
        self.positions: dict[str, str] = {}

    def add(self, lexeme: str, positions: str = "", size: int = 0) -> None:
        """A quoted lexeme; what there is no room for is left out."""
        known = self.positions.get(lexeme)
        if known is None:
            self._room -= len(positions) + (size or len(lexeme.encode())) + PRICE
            if self._room > 0:
                self.positions[lexeme] = positions
            return
        self._room -= len(positions)
        if self._room > 0 and positions:
            self.positions[lexeme] = f"{known},{positions}" if known else positions

    def add_words(self, words: list[str], first: int, weight: str) -> None:
        """The words of one part, in small letters; the stems of a text are kept without positions."""
        is_name = weight in (TITLE, NAMES)
        kept, languages, add = self.positions, self._languages, self.add
        for written, at in _places(words, first).items():
            lexemes = _lexemes(written, languages)
            told = ",".join([place + weight for place in at[:MOST_POSITIONS]] if weight else at[:MOST_POSITIONS])
            add(lexemes.word, told, lexemes.size)
            for stem in lexemes.stems:
                if is_name or stem not in kept:
                    add(stem, told if is_name else "", lexemes.size)
            for name in lexemes.names if is_name else ():
                add(name)
            if self._room <= 0:
                return

    def written(self) -> str:
        """As PostgreSQL reads it."""
        return " ".join([f"{lexeme}:{at}" if at else lexeme for lexeme, at in self.positions.items()])


def _places(words: list[str], first: int) -> dict[str, list[str]]:
    """Where each word stands, as PostgreSQL reads it; it keeps none of the places beyond the last."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word, place in zip(words, PLACES[first : first + len(words)], strict=False):
        found[word].append(place)
    for word in words[max(0, len(PLACES) - first) :]:
        found.setdefault(word, [])
    return found


@dataclass(frozen=True, slots=True)
class _Lexemes:
    """What stands in a vector for a word: quoted; `size` is about what each takes, in bytes."""

    word: str
    stems: tuple[str, ...]
    names: tuple[str, ...]
    size: int


@lru_cache(maxsize=STEMS_KEPT)
def _lexemes(written: str, languages: tuple[str, ...]) -> _Lexemes:
    word = folded(written)
    marked = [STEM + stem for stem in sorted(stems(written, languages)) if stem != word]
    names = tuple(quoted(NAME + each) for each in (word, *marked))
    return _Lexemes(quoted(word), tuple(quoted(each) for each in marked), names, len(word.encode()) + 1)


def vector(parts: Sequence[tuple[str, str]], facts: Iterable[tuple[str, str]]) -> str:
    """The vector of an entry: `parts` are texts with their weight, `facts` fields with their values."""
    read = [(words_of(cleaned(text[:LONGEST_TEXT])), weight) for text, weight in parts]
    told = {word for words, _ in read for word in words[:TELLING_WORDS]}
    built = _Vector(languages_of(told if "".join(told).isascii() else set(map(folded, told))))
    for name, value in facts:
        built.add(quoted(fact(name, value)))
    position = 1
    for words, weight in read:
        built.add_words(words, position, weight)
        position += len(words) + GAP
    return built.written()


def fact(name: str, value: str) -> str:
    """The lexeme that says that a field has a value; capitals, diacritics and spaces make no difference."""
    return f"{IS}{name}{IS}{' '.join(folded(cleaned(value)).split())[:LONGEST_VALUE]}"


def quoted(lexeme: str) -> str:
    """A lexeme as it is written in a vector or a query."""
    if "'" not in lexeme and "\\" not in lexeme:
        return f"'{lexeme}'"
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
