"""Words as the index has them: no capitals, no diacritics, each beside its stem; the same for texts and queries."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Protocol, cast

import snowballstemmer

from core.records import dataclass

ENGLISH, POLISH, ROMANIAN, RUSSIAN = "english", "polish", "romanian", "russian"
LATIN = (ENGLISH, POLISH, ROMANIAN)
LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "ŧ": "t", "ħ": "h"}
)
# soft hyphens, joiners and what turns the direction of writing, inside words as well
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
WORD = re.compile(r"[^\W_]+")
# accents and vowel signs that no composed letter has: Russian stress, Hebrew points, Arabic, Indian and Thai vowels
SIGNS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
)
SIGN = re.compile(f"[{SIGNS}]")
SIGNED_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{SIGNS}])*")  # slower, and needed where there are such signs alone
ASCII_WORD = re.compile(r"[a-z0-9]+")  # the same for a text in small letters that has no others
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LONGEST_WORD = 64  # characters that count of a word
SHORTEST_STEMMED = 3  # characters
STEMS_KEPT = 200_000  # words whose forms a process remembers
TELLING = 3  # words of one language that tell that a text is written in it
ENGLISH_MARKS = "the of and to is for that with this by are from not which you have will been was our"
POLISH_MARKS = "i w z na nie jest tego oraz dla przez jako lub ktory ktora zgodnie ze za od przy roku"
ROMANIAN_MARKS = "si de la cu pentru din este sunt sau prin care nu pe mai ale lui fost acest catre"
MARKS = {  # frequent words, folded, that the other languages hardly have
    ENGLISH: frozenset(ENGLISH_MARKS.split()),
    POLISH: frozenset(POLISH_MARKS.split()),
    ROMANIAN: frozenset(ROMANIAN_MARKS.split()),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: folded, as it was written in small letters, and where it stands."""

    word: str
    written: str
    start: int
    end: int


class Stemmer(Protocol):
    """What snowballstemmer makes for a language."""

    def stemWord(self, word: str) -> str:  # noqa: N802 -- the library's name
        """The stem of a word."""


def cleaned(text: str) -> str:
    """The text in one way of writing: composed letters, no ligatures, nothing invisible inside words."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", text))


def tokens(text: str) -> Iterator[Token]:
    """The words of a cleaned text, in their order."""
    for found in _word_in(text).finditer(text):
        written = found.group().lower()[:LONGEST_WORD]
        yield Token(folded(written), written, found.start(), found.end())


def words_of(text: str) -> list[str]:
    """The words of a cleaned text in small letters, as the tokens have them, without telling where they stand."""
    if text.isascii():  # small letters of the whole are those of its words
        words = ASCII_WORD.findall(text.lower())
        is_short = max(map(len, words), default=0) <= LONGEST_WORD
        return words if is_short else [each[:LONGEST_WORD] for each in words]
    return [word.lower()[:LONGEST_WORD] for word in _word_in(text).findall(text)]


def _word_in(text: str) -> re.Pattern[str]:
    """What a word of the text looks like."""
    return SIGNED_WORD if not text.isascii() and SIGN.search(text) else WORD


@lru_cache(maxsize=STEMS_KEPT)
def folded(text: str) -> str:
    """Without capitals and diacritics: `Łódź` is `lodz`, `Straße` is `strasse`, `Ёлка` is `елка`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return "".join(each for each in apart if not unicodedata.combining(each))


def languages_of(words: AbstractSet[str]) -> tuple[str, ...]:
    """Which Latin languages a text is taken to be in, from its folded words; all of them when they do not tell."""
    counts = {language: len(words & marks) for language, marks in MARKS.items()}
    best = max(counts, key=lambda language: counts[language])
    others = max(count for language, count in counts.items() if language != best)
    return (best,) if counts[best] >= TELLING and counts[best] > 2 * others else LATIN


@lru_cache(maxsize=STEMS_KEPT)
def stems(written: str, languages: tuple[str, ...] = LATIN) -> frozenset[str]:
    """The folded stems of a word in small letters; of the word without diacritics too, as people type it.

    A word of Cyrillic letters is Russian whatever the languages; numbers and short words have no stem.
    """
    if len(written) < SHORTEST_STEMMED or (not written.isalpha() and any(each.isdigit() for each in written)):
        return frozenset()
    if written.isascii():  # one form, whose stems have no diacritics either
        return frozenset([_stemmer(language).stemWord(written) for language in languages])
    chosen = (RUSSIAN,) if CYRILLIC.search(written) else languages
    return frozenset(
        folded(_stemmer(language).stemWord(form)) for language in chosen for form in {written, folded(written)}
    )


class _Stemmers(threading.local):
    """Stemmers keep the word they work on, so each thread has its own."""

    def __init__(self) -> None:
        self.by_language: dict[str, Stemmer] = {}


_STEMMERS = _Stemmers()


def _stemmer(language: str) -> Stemmer:
    known = _STEMMERS.by_language
    if language not in known:
        made = snowballstemmer.stemmer(language)
        made.maxCacheSize = 0  # PyStemmer's own memory takes five times as long as stemming; `stems` has a better one
        known[language] = cast("Stemmer", made)
    return known[language]
