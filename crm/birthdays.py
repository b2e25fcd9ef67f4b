"""Birthdays of people, whose year often nobody knows."""

from datetime import date

LEAP = 2000  # a year in which every day exists


def read_birthday(text: str) -> tuple[int | None, str] | None:
    """Year and day (`05-31`) of `1980-05-31` or `--05-31`; None for what is no day."""
    written = text if not text.startswith("--") else f"{LEAP}-{text.removeprefix('--')}"
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    if "W" in written or len(written) != 10:  # the ISO calendar of weeks is no birthday
        return None
    return (None if text.startswith("--") else found.year), f"{found:%m-%d}"


def birthday(year: int | None, day: str | None) -> str | None:
    """The text of a stored birthday."""
    if day is None:
        return None
    return f"--{day}" if year is None else f"{year:04}-{day}"
