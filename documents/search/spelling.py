"""Words that stand in the index, and those of them that somebody may have meant.

Each word is kept with what is left of its first letters when one or two are taken away; a word that was typed wrongly
leaves some of the same. So a look-up costs a few dozen exact keys, however many words there are.
"""

import json
import zlib
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, cast, select
from sqlalchemy.dialects.postgresql import ARRAY

from documents.search.models import SearchWordRow
from documents.search.normalising import STEMS_KEPT, cleaned, folded, words_of
from documents.search.ports import CASE, Entry
from storage.unit_of_work import Reading

SHORTEST, LONGEST = 4, 32  # letters of a word that is kept
LONG = 7  # letters from which two mistakes are forgiven; so many count for the look-up
PER_ENTRY = 200  # words
LOOKED_AT = 10_000  # characters of a text
MOST_WORDS = 2_000_000  # of an installation; then no more are learnt
MOST_NEAR = 2000  # words that are compared
UNKNOWN = """
SELECT asked.word FROM unnest(%s::text[]) AS asked (word)
WHERE NOT EXISTS (SELECT FROM search_word AS known WHERE known.word = asked.word COLLATE "C")
"""
LEARN = """
INSERT INTO search_word (word, near) SELECT made.word, made.near
FROM jsonb_to_recordset(%s) AS made (word text, near integer[])
WHERE (SELECT reltuples FROM pg_class WHERE oid = 'search_word'::regclass) < %s
"""


def learn(driver: Any, entries: Iterable[Entry]) -> None:
    """Keep the words of entries, on a psycopg connection; nothing is locked, so a word may be kept twice."""
    words = sorted({word for entry in entries if entry.kind != CASE for word in _words(entry)})
    if not words:
        return
    unknown = [row[0] for row in driver.execute(UNKNOWN, (words,)).fetchall()]
    if unknown:
        driver.execute(LEARN, (json.dumps([{"word": each, "near": near(each)} for each in unknown]), MOST_WORDS))


def alike(view: Reading, word: str) -> list[str]:
    """Words of the index that a folded word may have been meant to be, the likeliest first."""
    if not is_kept(word):
        return []
    mine = cast(near(word), ARRAY(Integer))
    query = select(SearchWordRow.word).where(SearchWordRow.near.bool_op("&&")(mine)).limit(MOST_NEAR)
    most = 2 if len(word) >= LONG else 1
    found = {each: distance(word, each) for each in view.session.scalars(query) if each != word}
    close = [each for each, steps in found.items() if steps <= most]
    return sorted(close, key=lambda each: (found[each], each[0] != word[0], abs(len(each) - len(word)), each))


def is_kept(word: str) -> bool:
    """Whether a folded word is one that the index keeps."""
    return SHORTEST <= len(word) <= LONGEST and word.isalpha()


def near(word: str) -> list[int]:
    """What is left of a word, as numbers."""
    begin = word[:LONG]
    left = one = _shorter({begin})
    if len(word) >= LONG:
        left = one | _shorter(one)
    return sorted([zlib.crc32(each.encode()) - (1 << 31) for each in {begin, *left}])


def _shorter(words: AbstractSet[str]) -> set[str]:
    """Each of some words without one of its letters."""
    return {each[:place] + each[place + 1 :] for each in words for place in range(len(each))}


def distance(one: str, other: str) -> int:
    """How many letters were left out, added, changed or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, theirs in enumerate(other, start=1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != theirs))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == theirs:
                steps = min(steps, last[j - 2] + 1)
            row.append(steps)
    return row[-1]


def _words(entry: Entry) -> Collection[str]:
    found: dict[str, None] = {}
    for part in (entry.title, *entry.names, entry.about, entry.text[:LOOKED_AT]):
        for word in dict.fromkeys(words_of(cleaned(part))):
            if plain := _kept(word):
                found[plain] = None
                if len(found) >= PER_ENTRY:
                    return found
    return found


@lru_cache(maxsize=STEMS_KEPT)
def _kept(word: str) -> str:
    """A word as the index keeps it, folded; empty for one that it does not keep."""
    plain = folded(word)
    return plain if is_kept(plain) else ""
