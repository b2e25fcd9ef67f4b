"""Sets of characters as sorted, disjoint intervals of code points."""

import unicodedata
from functools import lru_cache

Intervals = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
_FOLDABLE = 5000  # characters; larger sets are left as they are

# Unicode's Blocks.txt, the part that people use in patterns
BLOCKS: dict[str, tuple[int, int]] = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "SpacingModifierLetters": (0x02B0, 0x02FF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "CyrillicSupplement": (0x0500, 0x052F),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Thai": (0x0E00, 0x0E7F),
    "Georgian": (0x10A0, 0x10FF),
    "HangulJamo": (0x1100, 0x11FF),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "LetterlikeSymbols": (0x2100, 0x214F),
    "NumberForms": (0x2150, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "BoxDrawing": (0x2500, 0x257F),
    "GeometricShapes": (0x25A0, 0x25FF),
    "MiscellaneousSymbols": (0x2600, 0x26FF),
    "Dingbats": (0x2700, 0x27BF),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7AF),
    "PrivateUse": (0xE000, 0xF8FF),
    "Emoticons": (0x1F600, 0x1F64F),
}

# XML 1.0 (fifth edition), NameStartChar and NameChar
NAME_START: Intervals = (
    (0x3A, 0x3A),
    (0x41, 0x5A),
    (0x5F, 0x5F),
    (0x61, 0x7A),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2FF),
    (0x370, 0x37D),
    (0x37F, 0x1FFF),
    (0x200C, 0x200D),
    (0x2070, 0x218F),
    (0x2C00, 0x2FEF),
    (0x3001, 0xD7FF),
    (0xF900, 0xFDCF),
    (0xFDF0, 0xFFFD),
    (0x10000, 0xEFFFF),
)
_NAME_MORE: Intervals = ((0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040))
SPACE: Intervals = ((0x9, 0xA), (0xD, 0xD), (0x20, 0x20))

_MAJOR = {
    "L": ("Lu", "Ll", "Lt", "Lm", "Lo"),
    "M": ("Mn", "Mc", "Me"),
    "N": ("Nd", "Nl", "No"),
    "P": ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
    "Z": ("Zs", "Zl", "Zp"),
    "S": ("Sm", "Sc", "Sk", "So"),
    "C": ("Cc", "Cf", "Co", "Cn", "Cs"),
}
CATEGORIES = frozenset(_MAJOR) | {name for names in _MAJOR.values() for name in names}
# Unicode has nothing between plane 3 and the tags of plane 14; private use fills planes 15 and 16
_EMPTY = ((0x33480, 0xDFFFF), (0xE01F0, 0xEFFFF))
_PRIVATE = ((0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


def normal(intervals: Intervals) -> Intervals:
    """The same set, sorted and without overlaps."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


NAME: Intervals = normal(NAME_START + _NAME_MORE)


def complement(intervals: Intervals) -> Intervals:
    """All other characters."""
    rest: list[tuple[int, int]] = []
    start = 0
    for low, high in normal(intervals):
        if low > start:
            rest.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        rest.append((start, LAST))
    return tuple(rest)


def without(intervals: Intervals, removed: Intervals) -> Intervals:
    """The characters of one set that are not in the other."""
    return complement(normal(complement(intervals) + removed))


def size(intervals: Intervals) -> int:
    """The number of characters."""
    return sum(high - low + 1 for low, high in intervals)


def contains(intervals: Intervals, code: int) -> bool:
    """Whether a character is in a normal set."""
    low, high = 0, len(intervals)
    while low < high:
        middle = (low + high) // 2
        if code > intervals[middle][1]:
            low = middle + 1
        elif code < intervals[middle][0]:
            high = middle
        else:
            return True
    return False


@lru_cache(maxsize=64)
def category(name: str) -> Intervals:
    """All characters of a Unicode category of one or two letters."""
    return normal(tuple(interval for part in _MAJOR.get(name, (name,)) for interval in _categories()[part]))


@lru_cache(maxsize=1)
def _categories() -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {name: [] for names in _MAJOR.values() for name in names}
    found["Cn"] += [*_EMPTY, (0xFFFFE, 0xFFFFF), (0x10FFFE, 0x10FFFF)]
    found["Co"] += _PRIVATE
    for code in (*range(_EMPTY[0][0]), *range(0xE0000, _EMPTY[1][0])):
        runs = found[unicodedata.category(chr(code))]
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return found


@lru_cache(maxsize=1)
def _folds() -> dict[str, tuple[int, ...]]:
    """Folded text → the characters of it, where there are several or the character differs from it."""
    groups: dict[str, list[int]] = {}
    for code in (*range(0x3000), *range(0xA640, 0xA800), *range(0xAB30, 0xAC00), *range(0xFF00, 0xFF60)):
        groups.setdefault(chr(code).casefold(), []).append(code)
    for code in (*range(0x10400, 0x10500), *range(0x1E900, 0x1E960)):
        groups.setdefault(chr(code).casefold(), []).append(code)
    return {folded: tuple(codes) for folded, codes in groups.items() if len(codes) > 1}


def variants(code: int) -> tuple[int, ...]:
    """The characters that differ from this one in case only, itself included."""
    return _folds().get(chr(code).casefold(), (code,))


def folded(intervals: Intervals) -> Intervals:
    """The set with all variants in case; a very large one as it is."""
    if size(intervals) <= _FOLDABLE:
        more = [(other, other) for low, high in intervals for code in range(low, high + 1) for other in variants(code)]
        return normal((*intervals, *more))
    return intervals
