"""Secrets by name."""

from pathlib import Path

import pytest

from webapp.operations.secrets import SecretFolder, SecretMissing


@pytest.fixture
def secrets(tmp_path: Path) -> SecretFolder:
    (tmp_path / "inner").mkdir()
    (tmp_path / "token").write_text("outside")
    (tmp_path / "inner" / "login").write_text("anna:pass\n")
    (tmp_path / "inner" / "long").write_text("a\nb")
    return SecretFolder(tmp_path / "inner")


def test_a_secret_is_the_line_in_its_file(secrets: SecretFolder) -> None:
    assert secrets.of("login") == "anna:pass"


@pytest.mark.parametrize("name", ["nothing", "long", "../token", "/etc/passwd", ".hidden", ""])
def test_a_secret_that_is_not_there_is_refused(secrets: SecretFolder, name: str) -> None:
    with pytest.raises(SecretMissing):
        secrets.of(name)


def test_without_a_folder_there_are_no_secrets() -> None:
    with pytest.raises(SecretMissing, match="OBIEG_SECRETS"):
        SecretFolder(None).of("login")
