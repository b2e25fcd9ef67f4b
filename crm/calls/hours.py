"""When people may be called: from eight to eight, where they are."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

FROM, UNTIL = time(8), time(20)
ZONES = {  # of the capital or the largest city, where a country has several
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CH": "Europe/Zurich",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "MD": "Europe/Chisinau",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest",
    "RS": "Europe/Belgrade",
    "RU": "Europe/Moscow",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
    "TR": "Europe/Istanbul",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}


def zone_of(country: str, own: str) -> ZoneInfo:
    """Where a customer is; in the firm's own zone if nobody knows."""
    return ZoneInfo(ZONES.get(country, own))


def is_open(zone: ZoneInfo, now: datetime) -> bool:
    """Whether people may be called now."""
    return FROM <= now.astimezone(zone).time() < UNTIL


def closed_countries(now: datetime) -> list[str]:
    """Countries in which nobody is to be called now."""
    return sorted(country for country, zone in ZONES.items() if not is_open(ZoneInfo(zone), now))
