"""The documents of the search benchmark: texts whose words are as frequent as in natural language.

A word's frequency falls with its rank as Zipf and Mandelbrot found it. The vocabulary is half Polish, half English:
real stems of business letters with the endings that the languages give them, then rarer made-up names.
"""

import itertools
import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from core.records import dataclass
from documents.search.ports import EVERY_DOCUMENT, OWN, Entry
from webapp.searching.labels import CASES, RECORDS

CASE_COUNT, CUSTOMER_COUNT, PEOPLE_COUNT = 200_000, 5000, 400
SCATTER = 7919  # documents that follow one another belong to cases so far apart, so that all cases have some
VOCABULARY = 60_000
ZIPF, OFFSET = 1.07, 2.7  # exponent and shift of the distribution
WORDS = 110  # of a text, at the median
BEGIN, APART = datetime(2016, 1, 4, tzinfo=UTC), timedelta(minutes=20)
STATES = ("draft", "draft", "draft", "in_review", "approved", "approved", "signed", "void")
TYPES = ("invoice", "contract", "letter", "offer", "protocol", "report", "complaint", "order", "memo", "certificate")
TAGS = ("urgent", "archive", "media", "export", "vat", "leasing", "hr", "legal", "it", "transport")
POLISH = """
umow faktur najm płatnośc dostaw towar usług klient sprzedaż zamówien ofert termin zapłat rachunk podatk firm
spółk zarząd pracownik produkcj magazyn transport kontrol jakośc reklamacj gwarancj serwis naprawa urządzen
maszyn budow projekt kosztorys protokół odbior załącznik wypowiedzen aneks pełnomocnictw decyzj wniosek skarg
odwołan sąd wyrok kar odsetk kredyt bank gotówk przelew waluta kurs cen rabat prowizj budżet plan raport analiz
wynik zysk kapitał
"""
ENGLISH = """
contract invoice payment delivery service customer order offer price term account tax company board employee
product store transport control quality complaint warranty repair machine building project estimate protocol
accept annex notice power decision request appeal court verdict fine interest credit bank cash transfer currency
rate discount commission budget plan report analysis result loss profit capital agree supply purchase manage
develop inspect approve
"""
SMALL = "i w z na do się nie jest oraz dla przez jako the of and to in is for that with by on at from"
POLISH_ENDS = ("", "a", "y", "ę", "ą", "ie", "om", "ami", "ach", "ów", "owy", "owa", "owe", "owego", "owanie", "owania")
ENGLISH_ENDS = ("", "s", "ed", "ing", "er", "ers", "able", "ion")
SYLLABLES = "ka ro mi ta ne lo wa si du pe zo ry bą cie żu gra sto len"


@lru_cache(maxsize=1)
def vocabulary() -> tuple[list[str], list[float]]:
    """All words, the most frequent first, and how much of a text the words up to each take."""
    draw = random.Random(7)  # noqa: S311 -- no secret
    formed = [stem + end for stem in POLISH.split() for end in POLISH_ENDS]
    formed += [stem + end for stem in ENGLISH.split() for end in ENGLISH_ENDS]
    draw.shuffle(formed)
    words = list(dict.fromkeys([*SMALL.split(), *formed]))
    known, syllables = set(words), SYLLABLES.split()
    while len(words) < VOCABULARY:
        made = "".join(draw.choices(syllables, k=draw.choice((2, 3, 3, 4))))
        if made not in known:
            known.add(made)
            words.append(made)
    weights = [1 / (rank + OFFSET) ** ZIPF for rank in range(1, len(words) + 1)]
    return words, list(itertools.accumulate(weights))


def customer_id(number: int) -> str:
    """The id of a customer."""
    return f"01JB{number:022}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated document: the entry that the index gets, and what its own rows say."""

    id: str
    entry: Entry
    state: str
    tags: list[str]
    number: str
    created_at: datetime
    created_by: str
    links: list[tuple[str, str]]


def sample(n: int) -> Sample:
    """The document of a number, always the same."""
    draw = random.Random(n)  # noqa: S311 -- no secret
    words, sums = vocabulary()
    length = max(20, min(2000, int(draw.lognormvariate(0, 0.5) * WORDS)))
    drawn = draw.choices(words, cum_weights=sums, k=length + 5)
    at = BEGIN + APART * n
    kind, state = TYPES[min(int(draw.expovariate(0.5)), 9)], draw.choice(STATES)
    tags = sorted({draw.choice(TAGS) for _ in range(draw.choice((0, 0, 1, 2)))})
    by = "few" if draw.random() < 0.001 else f"person{draw.randrange(PEOPLE_COUNT)}"
    links: list[tuple[str, str]] = []
    if draw.random() < 0.6:
        links.append(("case", f"01JC{1 + n * SCATTER % CASE_COUNT:022}"))
    if draw.random() < 0.5:
        links.append(("crm.customer", customer_id(1 + int(draw.random() ** 2 * (CUSTOMER_COUNT - 1)))))
    number = f"{kind[:2].upper()}/{at.year}/{n:07}"
    labels = {EVERY_DOCUMENT, OWN + by}
    labels |= {label for each, key in links for label in ([CASES, key] if each == "case" else [RECORDS])}
    facts = [("state", state), ("by", by), ("type", kind), ("number", number), *(("tag", tag) for tag in tags)]
    entry = Entry(
        kind="document",
        subject=f"01JD{n:022}",
        title=" ".join(drawn[:5]),
        about=f"{kind}-{n}.pdf",
        names=(number, *tags),
        text=" ".join(drawn[5:]),
        facts=(*facts, *(("customer", key) for each, key in links if each == "crm.customer")),
        rights=frozenset(labels),
        dated=at.date(),
    )
    return Sample(entry.subject, entry, state, tags, number, at, by, links)


def customer(n: int) -> Entry:
    """What the index says of a customer."""
    return Entry(
        kind="customer",
        subject=customer_id(n),
        title=f"Customer {n} {vocabulary()[0][1000 + n]}",
        names=(f"K-{n}",),
        facts=(("customer", customer_id(n)), ("number", f"K-{n}")),
        rights=frozenset({RECORDS}),
        dated=BEGIN.date(),
    )
