"""Settings: nothing unknown, nothing unreadable, no secret on a screen."""

from datetime import time
from pathlib import Path

import pytest

from core.settings import Settings, SettingsError


def test_without_a_single_variable_everything_has_a_value() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "HOME": "/root"})

    assert (settings.data, settings.blobs, settings.database_url) == (Path("var"), "local", "")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data", "/srv/obieg", Path("/srv/obieg")),
        ("max_upload", "512M", 512 << 20),
        ("max_upload", "5GiB", 5 << 30),
        ("max_upload", "10 kb".replace(" ", ""), 10 << 10),
        ("max_upload", "1000", 1000),
        ("secure_cookies", "Yes", True),
        ("secure_cookies", "0", False),
        ("web_threads", "3", 3),
        ("trusted_proxies", "0", 0),
        ("log_level", "debug", "DEBUG"),
        ("time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("business_hours", "7-15", (time(7), time(15))),
        ("business_hours", "08:30 - 17:00", (time(8, 30), time(17))),
        ("database_url", "postgresql://obieg@db/obieg", "postgresql://obieg@db/obieg"),
    ],
)
def test_reads_what_people_write(name: str, text: str, value: object) -> None:
    settings = Settings.from_environment({f"OBIEG_{name.upper()}": text})

    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("OBIEG_DATABSE_URL", "OBIEG_DATABASE_URL"),
        ("OBIEG_S3_ACESS_KEY", "OBIEG_S3_ACCESS_KEY"),
        ("OBIEG_DATA_", "OBIEG_DATA"),
        ("OBIEG_MAXUPLOAD", "OBIEG_MAX_UPLOAD"),
    ],
)
def test_an_unknown_setting_refuses_to_start_and_names_the_nearest(written: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{written} is not a setting of Obieg. Did you mean {meant}?"):
        Settings.from_environment({written: "x"})


@pytest.mark.parametrize("name", ["OBIEG_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "OBIEG_FOO_BAR_XYZ"])
def test_a_setting_that_is_near_to_none_lists_them_all(name: str) -> None:
    with pytest.raises(SettingsError, match=r"Known settings: OBIEG_BLOBS, .*OBIEG_WORKER_THREADS"):
        Settings.from_environment({name: "x"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("WEB_THREADS", "0", "1 or more"),
        ("WEB_THREADS", "many", "'many' is not a whole number"),
        ("MAX_UPLOAD", "lots", "'lots' is not a whole number"),
        ("TRUSTED_PROXIES", "", "'' is not a whole number"),
        ("MAX_UPLOAD", "-5M", "above zero"),
        ("MAX_UPLOAD", "", "cannot be read"),
        ("SECURE_COOKIES", "perhaps", "true or false"),
        ("TRUSTED_PROXIES", "-1", "0 or more"),
        ("LOG_LEVEL", "loud", "INFO"),
        ("TIME_ZONE", "Mars/Olympus", "Europe/Warsaw"),
        ("TIME_ZONE", "../../etc/passwd", "cannot be read"),
        ("BUSINESS_HOURS", "16-8", "begin before it ends"),
        ("BUSINESS_HOURS", "8", "08:30-17:00"),
        ("BUSINESS_HOURS", "8-25", "08:30-17:00"),
        ("BLOBS", "tape", "local or s3"),
        ("DATABASE_URL", "mysql://db", "PostgreSQL"),
        ("MAIL_SECURITY", "ssl", "starttls, tls or none"),
        ("MAIL_HOST", "smtp.example.com", "OBIEG_MAIL_FROM"),
        ("MAIL_USER", "anna", "together"),
        ("IMAP_PORT", "99999", "1 to 65535"),
        ("MAIL_PORT", "0", "1 or more"),
        ("HTTP_HOSTS", "api.example.com/path", "no host"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_setting(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        Settings.from_environment({f"OBIEG_{name}": text})

    assert f"OBIEG_{name}" in str(refused.value)


def test_s3_needs_a_server_and_a_credential() -> None:
    environment = {"OBIEG_BLOBS": "s3"}
    with pytest.raises(SettingsError, match="OBIEG_S3_ENDPOINT"):
        Settings.from_environment(environment)

    environment["OBIEG_S3_ENDPOINT"] = "s3.example:443"
    with pytest.raises(SettingsError, match="OBIEG_S3_SECRET_KEY"):
        Settings.from_environment(environment)

    environment |= {"OBIEG_S3_ACCESS_KEY": "key", "OBIEG_S3_SECRET_KEY": "secret"}
    assert Settings.from_environment(environment).s3_bucket == "obieg"


def test_no_secret_is_shown() -> None:
    secrets = {
        "OBIEG_DATABASE_URL": "postgresql://u:hunter2@db/x",
        "OBIEG_S3_SECRET_KEY": "hunter2",
        "OBIEG_SECRET_KEY": "hunter2",
    }

    assert "hunter2" not in repr(Settings.from_environment(secrets))


def test_a_refused_connection_string_is_not_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"OBIEG_DATABASE_URL": "mysql://u:hunter2@db/x"})

    assert "hunter2" not in str(refused.value)


def test_hosts_are_a_list() -> None:
    found = Settings.from_environment(
        {"OBIEG_HTTP_HOSTS": "API.example.com, *.shop.example.com:8443,http://old.example"}
    )

    assert found.http_hosts == ("api.example.com", "*.shop.example.com:8443", "http://old.example")
