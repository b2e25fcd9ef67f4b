"""Settings from the environment: every name is known, every value is checked, before anything starts."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from datetime import time
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.records import dataclass

PREFIX = "OBIEG_"
LARGEST_PORT = 65_535
_LOG_NAME = re.compile(r"[^\s+]{0,200}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_HOST = re.compile(r"(https?://)?(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")


class SettingsError(Exception):
    """A setting is unknown or has a value that cannot be used; the program must not start."""


def _flag(text: str) -> bool:
    match text.strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off" | "":
            return False
    raise ValueError("write true or false")


def _whole(digits: str, text: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _count(text: str) -> int:
    number = _whole(text, text)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _port(text: str) -> int:
    number = _count(text)
    if number > LARGEST_PORT:
        raise ValueError(f"must be a port: 1 to {LARGEST_PORT}")
    return number


def _size(text: str) -> int:
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    short = text.strip().upper().removesuffix("B").removesuffix("I")
    digits = short[:-1] if short[-1:] in units else short
    number = _whole(digits, text) * units.get(short[-1:], 1)
    if number < 1:
        raise ValueError("must be a size above zero, such as 512M or 5G")
    return number


def _natural(text: str) -> int:
    number = _whole(text, text)
    if number < 0:
        raise ValueError("must be 0 or more")
    return number


def _level(text: str) -> str:
    known = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if text.strip().upper() not in known:
        raise ValueError(f"write one of {', '.join(known)}")
    return text.strip().upper()


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{text!r} is not a time zone; write one such as Europe/Warsaw") from error


def _hours(text: str) -> tuple[time, time]:
    opens, _, closes = text.partition("-")
    try:
        hours = _time(opens), _time(closes)
    except ValueError as error:
        raise ValueError(f"{text!r} are no hours of a day; write some such as 8-16 or 08:30-17:00") from error
    if hours[0] >= hours[1]:
        raise ValueError("the day must begin before it ends, as in 8-16")
    return hours


def _time(text: str) -> time:
    hour, _, minute = text.strip().partition(":")
    return time(int(hour), int(minute or 0))


def _hosts(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for each in found:
        if not _HOST.fullmatch(each):
            raise ValueError(f"{each!r} is no host; write some such as api.example.com or *.example.com:8443")
    return found


def _addresses(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for each in found:
        if not _ADDRESS.fullmatch(each):
            raise ValueError(f"{each!r} is no e-mail address; write some such as audit@example.com, comma between them")
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not sign or not name.strip() or not value.strip() for name, sign, value in pairs):
        raise ValueError(f"{text!r} does not name fields; write some such as to=phone,text=message")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition(":") for part in text.split(";") if part.strip()]
    if any(
        not sign or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()) or not value.strip() for name, sign, value in pairs
    ):
        raise ValueError("these are no headers; write some such as Authorization: Bearer abc; X-Account: 12")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _url(text: str) -> str:
    if text.strip() and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", text.strip()):
        raise ValueError(f"{text!r} is no address; write one such as https://tsa.example.com/tsr")
    return text.strip()


def _log_name(text: str) -> str:
    if not _LOG_NAME.fullmatch(text):
        raise ValueError("write a name without spaces and plus signs, such as obieg.example.com/log")
    return text


def _folder(text: str) -> Path | None:
    return Path(text) if text.strip() else None


def _setting(default: Any, read: Callable[[str], Any], *, secret: bool = False) -> Any:
    return field(default=default, metadata={"read": read, "secret": secret}, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation decides; the field `data` is read from `OBIEG_DATA`, and so on.

    Sizes are bytes (`512M`, `5G` are understood), periods are seconds.
    """

    data: Path = _setting(Path("var"), Path)
    database_url: str = _setting("", str, secret=True)
    database_pool: int = _setting(12, _count)
    blobs: str = _setting("local", str)
    s3_endpoint: str = _setting("", str)
    s3_bucket: str = _setting("obieg", str)
    s3_access_key: str = _setting("", str, secret=True)
    s3_secret_key: str = _setting("", str, secret=True)
    s3_region: str = _setting("us-east-1", str)
    s3_secure: bool = _setting(True, _flag)
    secret_key: str = _setting("", str, secret=True)
    secure_cookies: bool = _setting(False, _flag)
    trusted_proxies: int = _setting(0, _natural)
    max_upload: int = _setting(5 << 30, _size)
    upload_quota: int = _setting(20 << 30, _size)
    intake_folder: Path | None = _setting(None, _folder)
    intake_every: int = _setting(10, _count)
    import_folder: Path | None = _setting(None, _folder)
    import_every: int = _setting(60, _count)
    imap_host: str = _setting("", str)
    imap_port: int = _setting(993, _port)
    imap_security: str = _setting("tls", str)
    imap_user: str = _setting("", str, secret=True)
    imap_password: str = _setting("", str, secret=True)
    imap_roots: Path | None = _setting(None, _folder)
    imap_folder: str = _setting("INBOX", str)
    imap_done: str = _setting("Obieg", str)
    imap_every: int = _setting(60, _count)
    imap_timeout: int = _setting(30, _count)
    upload_kept: int = _setting(3 * 24 * 3600, _count)
    web_threads: int = _setting(10, _count)
    worker_threads: int = _setting(2, _count)
    clock_tick: int = _setting(1, _count)
    blob_grace: int = _setting(24 * 3600, _count)
    log_level: str = _setting("INFO", _level)
    company: str = _setting("Obieg", str)
    country: str = _setting("PL", str)
    mail_host: str = _setting("", str)
    mail_port: int = _setting(587, _port)
    mail_security: str = _setting("starttls", str)
    mail_user: str = _setting("", str, secret=True)
    mail_password: str = _setting("", str, secret=True)
    mail_from: str = _setting("", str)
    mail_timeout: int = _setting(30, _count)
    mail_max_size: int = _setting(20 << 20, _size)
    public_url: str = _setting("", _url)
    sms_url: str = _setting("", _url)
    sms_headers: tuple[tuple[str, str], ...] = _setting((), _headers, secret=True)
    sms_format: str = _setting("json", str)
    sms_fields: tuple[tuple[str, str], ...] = _setting(
        (("to", "to"), ("text", "text"), ("from", "from"), ("key", "id")), _fields
    )
    sms_sender: str = _setting("", str)
    sms_answer_id: str = _setting("id", str)
    sms_hours: tuple[time, time] = _setting((time(8), time(20)), _hours)
    ticket_address: str = _setting("", str)
    ticket_form: bool = _setting(False, _flag)
    fax_domain: str = _setting("", str)
    erp_orders: bool = _setting(False, _flag)
    erp_url: str = _setting("", _url)
    erp_headers: tuple[tuple[str, str], ...] = _setting((), _headers, secret=True)
    erp_every: int = _setting(60, _count)
    erp_timeout: int = _setting(30, _count)
    greetings: bool = _setting(False, _flag)
    modules_off: tuple[str, ...] = _setting((), _names)
    max_variables: int = _setting(4 << 20, _size)
    http_hosts: tuple[str, ...] = _setting((), _hosts)
    webhook_hosts: tuple[str, ...] = _setting((), _hosts)
    http_max_answer: int = _setting(1 << 20, _size)
    secrets: Path | None = _setting(None, _folder)
    log_key: Path | None = _setting(None, _folder)
    log_name: str = _setting("", _log_name)
    checkpoints: Path | None = _setting(None, _folder)
    checkpoint_every: int = _setting(60, _count)
    checkpoint_s3_endpoint: str = _setting("", str)
    checkpoint_s3_bucket: str = _setting("", str)
    checkpoint_s3_access_key: str = _setting("", str, secret=True)
    checkpoint_s3_secret_key: str = _setting("", str, secret=True)
    checkpoint_s3_region: str = _setting("us-east-1", str)
    checkpoint_s3_secure: bool = _setting(True, _flag)
    checkpoint_lock_days: int = _setting(0, _natural)
    checkpoint_mail: tuple[str, ...] = _setting((), _addresses)
    checkpoint_mail_every: int = _setting(24 * 3600, _count)
    tsa_url: str = _setting("", _url)
    tsa_roots: Path | None = _setting(None, _folder)
    tsa_every: int = _setting(3600, _count)
    time_zone: str = _setting("Europe/Warsaw", _zone)
    business_hours: tuple[time, time] = _setting((time(8), time(16)), _hours)
    dunning_bank_days: int = _setting(1, _natural)
    seal_file: Path | None = _setting(None, _folder)
    seal_password: str = _setting("", str, secret=True)
    seal_timestamps: str = _setting("", str)
    trust_folder: Path | None = _setting(None, _folder)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read every `OBIEG_*` variable; raises `SettingsError` that names the nearest known setting."""
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                raise SettingsError(_unknown(name, known))
            values[known[name].name] = _read(name, text, known[name].metadata["read"])
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.blobs not in {"local", "s3"}:
            raise SettingsError(f"OBIEG_BLOBS is {self.blobs!r}; it must be local or s3.")
        if self.blobs == "s3" and not self.s3_endpoint:
            raise SettingsError("OBIEG_BLOBS is s3, so OBIEG_S3_ENDPOINT must name the server, as host:port.")
        if self.blobs == "s3" and not (self.s3_access_key and self.s3_secret_key):
            raise SettingsError("OBIEG_BLOBS is s3, so OBIEG_S3_ACCESS_KEY and OBIEG_S3_SECRET_KEY must be set.")
        if self.mail_security not in {"starttls", "tls", "none"}:
            raise SettingsError(f"OBIEG_MAIL_SECURITY is {self.mail_security!r}; it must be starttls, tls or none.")
        if self.mail_host and "@" not in self.mail_from:
            raise SettingsError("OBIEG_MAIL_HOST is set, so OBIEG_MAIL_FROM must be the address that mail comes from.")
        self._check_imap()
        self._check_channels()
        if bool(self.mail_user) != bool(self.mail_password):
            raise SettingsError("OBIEG_MAIL_USER and OBIEG_MAIL_PASSWORD must be set together.")
        if self.seal_timestamps and not self.seal_timestamps.startswith(("https://", "http://")):
            raise SettingsError(
                f"OBIEG_SEAL_TIMESTAMPS is {self.seal_timestamps!r}; it must be the address of a time-stamp server, "
                "such as https://tsa.example.com/tsr."
            )
        self._check_publishing()
        if self.database_url and not self.database_url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
            raise SettingsError(
                "OBIEG_DATABASE_URL must name a PostgreSQL server: postgresql://user:password@host/name."
            )

    def _check_channels(self) -> None:
        if self.sms_format not in {"json", "form"}:
            raise SettingsError(f"OBIEG_SMS_FORMAT is {self.sms_format!r}; it must be json or form.")
        if self.ticket_address and not _ADDRESS.fullmatch(self.ticket_address):
            raise SettingsError(
                f"OBIEG_TICKET_ADDRESS is {self.ticket_address!r}; write an e-mail address such as help@example.com."
            )
        if self.fax_domain and not _HOST.fullmatch(self.fax_domain):
            raise SettingsError(f"OBIEG_FAX_DOMAIN is {self.fax_domain!r}; write a domain such as fax.example.com.")

    def _check_publishing(self) -> None:
        if self.checkpoint_s3_bucket:
            for name in ("endpoint", "access_key", "secret_key"):
                if not getattr(self, f"checkpoint_s3_{name}"):
                    setting = f"OBIEG_CHECKPOINT_S3_{name.upper()}"
                    raise SettingsError(f"OBIEG_CHECKPOINT_S3_BUCKET is set, so {setting} must be set, too.")
        if self.checkpoint_mail and not self.mail_host:
            raise SettingsError("OBIEG_CHECKPOINT_MAIL is set, so OBIEG_MAIL_HOST must name the server that sends it.")
        if self.tsa_url and self.tsa_roots is None:
            raise SettingsError("OBIEG_TSA_URL is set, so OBIEG_TSA_ROOTS must be a file of its root certificates.")

    def _check_imap(self) -> None:
        if self.imap_security not in {"starttls", "tls", "none"}:
            raise SettingsError(f"OBIEG_IMAP_SECURITY is {self.imap_security!r}; it must be starttls, tls or none.")
        if self.imap_host and not (self.imap_user and self.imap_password):
            raise SettingsError("OBIEG_IMAP_HOST is set, so OBIEG_IMAP_USER and OBIEG_IMAP_PASSWORD must be set, too.")
        if self.imap_security == "none" and self.imap_host not in {"", "localhost", "127.0.0.1", "::1"}:
            raise SettingsError(
                "OBIEG_IMAP_SECURITY is none: without encryption the password goes to this very machine only. "
                "Set it to tls or starttls."
            )


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    own = [each.removeprefix(PREFIX) for each in known]  # what all have in common makes nothing near
    nearest = difflib.get_close_matches(name.removeprefix(PREFIX), own, n=1, cutoff=0.5)
    hint = f" Did you mean {PREFIX}{nearest[0]}?" if nearest else f" Known settings: {', '.join(sorted(known))}."
    return f"{name} is not a setting of Obieg.{hint}"


def _read(name: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except (ValueError, KeyError) as error:
        raise SettingsError(f"{name} cannot be read: {error}.") from error
