"""In which language a customer is written to: that of their country, where we write it."""

LANGUAGES = ("en", "pl", "ro", "ru")
OF_COUNTRY = {"PL": "pl", "RO": "ro", "MD": "ro", "RU": "ru", "GB": "en", "US": "en", "IE": "en"}


def language_of(country: str | None) -> str | None:
    """The language of a country (ISO 3166, two letters); None where we write another one."""
    return OF_COUNTRY.get(country or "")
