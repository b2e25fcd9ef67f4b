"""How people and firms are reached: phone numbers, e-mail addresses, and words for searching."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

WORD = re.compile(r"[^\W_]+")  # letters and digits, as str.isalnum has them
ASCII_WORD = re.compile(r"[a-z0-9]+")  # the same in small letters without diacritics
SHORT = 100  # characters up to which a text is worth remembering
EMAIL = re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,190}\.[^@\s<>,;:\".]{2,63}")
WEB = re.compile(r"https?://[^\s<>\"'/]{1,250}\.[^\s<>\"'/]{2,63}(/[^\s<>\"']{0,1000})?")
LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})


@lru_cache(maxsize=10_000)  # a number is asked for by keys, tables and checks of the same record
def e164(written: str, country: str) -> str | None:
    """The number as `+48221234567`, or None when it cannot be dialled; `country` is where a local number is dialled."""
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_email(text: str) -> bool:
    """Whether a text has the form of one e-mail address."""
    return EMAIL.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Whether a text is the address of a page that a browser opens by http or https."""
    return WEB.fullmatch(text) is not None


def words(*texts: str | None) -> str:
    """The words of some texts, folded: without capitals, diacritics and punctuation (`Łódź-Widzew` → `lodz widzew`)."""
    joined = " ".join([text for text in texts if text])
    return _words(joined) if len(joined) < SHORT else _folded_words(joined)


@lru_cache(maxsize=10_000)  # cities and names come again and again
def _words(text: str) -> str:
    return _folded_words(text)


def _folded_words(text: str) -> str:
    if text.isascii():
        return " ".join(ASCII_WORD.findall(text.lower()))
    folded = text.casefold().translate(LETTERS)
    if not folded.isascii():
        apart = unicodedata.normalize("NFKD", folded)
        folded = "".join([each for each in apart if not unicodedata.combining(each)])
    return " ".join(WORD.findall(folded))


def prefix_query(text: str) -> str | None:
    """A PostgreSQL text query for records that have words beginning with every word of `text`; None without words."""
    found = words(text).split()
    return " & ".join(f"{word}:*" for word in found) or None
