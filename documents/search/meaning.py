"""Did you mean: a query in which words that find nothing are replaced by words that do."""

import time
from collections.abc import Iterator

from documents.search.finding import Finder
from documents.search.language import Either, Every, Node, Word, parse
from documents.search.normalising import cleaned, tokens
from documents.search.questions import Known, question
from documents.search.spelling import alike, is_kept
from storage.unit_of_work import Reading

MOST_WORDS, MOST_TRIED = 6, 5  # of a query; for each of its words
SECONDS = 0.3  # after which no further word is tried


def meant(view: Reading, finder: Finder, text: str, known: Known) -> str | None:
    """What somebody may have meant whose query finds nothing; only what finds something that they may see."""
    end = time.monotonic() + SECONDS
    made, is_changed = text, False
    for node in sorted(list(_words(parse(text)))[:MOST_WORDS], key=lambda each: -each.start):  # places stay as they are
        if time.monotonic() > end:
            break
        found = list(tokens(cleaned(node.text)))
        if len(found) != 1 or not is_kept(found[0].word) or _finds(finder, node.text, known):
            continue
        tried = alike(view, found[0].word)[:MOST_TRIED]
        other = next((each for each in tried if time.monotonic() <= end and _finds(finder, each, known)), None)
        if other is not None:
            start = node.start - 1
            made, is_changed = made[:start] + other + made[start + len(node.text) :], True
    return made if is_changed and _finds(finder, made, known) else None


def _finds(finder: Finder, text: str, known: Known) -> bool:
    asked = question(text, known)
    return bool(finder.newest(asked.query, 1, is_even=asked.is_even).found)


def _words(node: Node) -> Iterator[Word]:
    """Words that are wanted and finished."""
    match node:
        case Word(is_prefix=False):
            yield node
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _words(part)
