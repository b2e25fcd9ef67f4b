"""Files of rows: their encoding and delimiter as found, and their rows within limits."""

import codecs
import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from core.records import dataclass
from crm.imports.errors import FileUnreadable

SAMPLE = 256 << 10  # bytes that encoding and delimiter are told from
ENCODINGS = ("utf-8", "utf-16", "cp1250", "cp1251", "iso8859_2", "cp1252")
DELIMITERS = (";", ",", "\t", "|")
MOST_ROWS = 500_000
MOST_COLUMNS = 300
LONGEST_CELL = 32_000  # characters
LARGEST = 200 << 20  # bytes
LOOKED_AT = 40  # rows that a delimiter is told from
CENTRAL = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻăâîșțşţĂÂÎȘȚŞŢáéöüőűäßÄÖÜ„”“’–—…«»€§°")
RARER = frozenset("íúýčďěňřšťůžÁÉÍÚÝČĎĚŇŘŠŤŮŽŐŰôĺľŕđçë")
WESTERN = frozenset("àèìòùâêîôûäëïöüÿáéíóúýñãõçåæøœßÀÈÌÒÙÂÊÎÔÛÄËÏÖÜÁÉÍÓÚÝÑÃÕÇÅÆØŒ€„”“’–—…«»§°¿¡")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is written."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: where it stands in the file (its first line), and what its cells say."""

    line: int
    cells: tuple[str, ...]


def guess(source: BinaryIO) -> Form:
    """Encoding and delimiter of a CSV file, as the beginning shows them. Raises `FileUnreadable`."""
    sample = source.read(SAMPLE)
    if not sample.strip():
        raise FileUnreadable("The file is empty.")
    encoding = encoding_of(sample)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    if text.count("\0") > len(text) // 100:
        raise FileUnreadable("The file is no text. Save it as CSV.")
    return Form(encoding=encoding, delimiter=delimiter_of(text.lstrip("\ufeff"), whole=len(sample) < SAMPLE))


def encoding_of(sample: bytes) -> str:
    """The encoding of some text: by its mark, as UTF-8 where that fits, else the one that gives the likeliest letters.

    Texts of our languages are short and have few letters that tell; so it is counted which of these occur and which
    signs stand where no sign stands. Letters of two scripts in one word, and rows of accented letters, speak against.
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        scores = {each: _likely(sample, each) for each in ("cp1250", "iso8859_2", "cp1251", "cp1252")}
        return max(scores, key=lambda each: scores[each])
    return "utf-8"


def _likely(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, errors="replace")
    score, before = 0.0, ""
    for each in text:
        if each > "\x7f":
            score += _sign(each, before, encoding)
        elif encoding == "cp1251" and each.isalpha() and before > "\x7f" and before.isalpha():
            score -= 3  # a word in two scripts
        before = each
    return score


def _sign(each: str, before: str, encoding: str) -> float:
    if each == "\ufffd" or unicodedata.category(each) == "Cc":
        return -10
    beside = before > "\x7f" and before.isalpha()
    if encoding == "cp1251":
        if "\u0410" <= each <= "\u044f" or each in "ёЁіІїЇєЄґҐ":
            good = 1.0 if beside or not before.isalpha() else -3.0
            return good - (1 if beside and each.isupper() and before.islower() else 0)
        return 0 if each in "«»№–—“”„’…\xa0€§°" else -2
    if encoding == "cp1252":
        weight = 0.9 if each in WESTERN else 0.0
    else:
        weight = 1.0 if each in CENTRAL else 0.5 if each in RARER else 0.0
    if weight:
        return weight - (1.5 if beside else 0)
    return 0 if each == "\xa0" else -2


def delimiter_of(text: str, *, whole: bool) -> str:
    """The delimiter that gives rows of equal length, the one with more columns where several do."""
    return max(DELIMITERS, key=lambda each: _evenness(text, each, whole=whole))


def _evenness(text: str, delimiter: str, *, whole: bool) -> tuple[float, int]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(len(row))
            if len(rows) > LOOKED_AT:
                break
    except csv.Error:
        return (0.0, 0)
    widths = Counter(rows if whole or len(rows) > LOOKED_AT else rows[:-1] or rows)
    width, often = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (often / sum(widths.values()), width) if width > 1 else (0.0, 0)


def rows_of(source: BinaryIO, form: Form) -> Iterator[Row]:
    """All rows that say anything, the head first. Raises `FileUnreadable` with the line that cannot be read."""
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    lines = io.TextIOWrapper(source, encoding=encoding, newline="")
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=form.delimiter)
    count, begins = 0, 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileUnreadable(f"The file cannot be read at line {begins}: {error}.", line=begins) from error
        except UnicodeError as error:
            raise FileUnreadable(
                f"The file is not written in {form.encoding}: it cannot be read after line {begins}. "
                "Choose another encoding.",
                line=begins,
            ) from error
        if any(cells):
            count += 1
            _within_limits(cells, count, begins)
            yield Row(line=begins, cells=tuple(cells))
        begins = reader.line_num + 1


def _within_limits(cells: Sequence[str], count: int, line: int) -> None:
    if count > MOST_ROWS + 1:
        raise FileUnreadable(f"The file has more than {MOST_ROWS} rows. Split it.")
    if len(cells) > MOST_COLUMNS:
        raise FileUnreadable(f"Line {line} has more than {MOST_COLUMNS} columns. Choose another delimiter.", line=line)
    if any(len(each) > LONGEST_CELL for each in cells):
        raise FileUnreadable(
            f"A cell at line {line} has more than {LONGEST_CELL} characters; perhaps a quotation mark is not closed.",
            line=line,
        )


def safe(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula (OWASP, CSV injection).

    A number with a sign, and a phone number, stay as they are: nothing but digits follows.
    """
    if cell[:1] in {"=", "@", "\t", "\r"} or (cell[:1] in {"+", "-"} and not _is_number(cell[1:])):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    return bool(text) and all(each.isdigit() or each in " .,\xa0" for each in text) and text[0].isdigit()


def unsafe(cell: str) -> str:
    """The cell as it was before `safe`, so that what goes out comes back the same."""
    return cell[1:] if cell[:1] == "'" and safe(cell[1:]) == cell else cell
