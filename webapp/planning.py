"""What planning asks of the rest of the product: when the firm works."""

from __future__ import annotations

from datetime import date, datetime

from engine.feel.calendar import calendar, company_zone


class Office:
    """The firm's working days, by the calendar that expressions use."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when; None at weekends and on public holidays."""
        known = calendar()
        if not known.is_open(day, ""):
            return None
        zone = company_zone()
        return datetime.combine(day, known.opens, zone), datetime.combine(day, known.closes, zone)
