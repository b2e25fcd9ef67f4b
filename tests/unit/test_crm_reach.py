import pytest

from crm.reach import e164, is_email, prefix_query, words


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("22 123-45-67", "PL", "+48221234567"),
        ("+49 30 0074321", "PL", "+49300074321"),
        ("(604) 555-4729", "CA", "+16045554729"),
    ],
)
def test_a_number_is_stored_as_it_is_dialled_from_anywhere(written: str, country: str, number: str) -> None:
    assert e164(written, country) == number


@pytest.mark.parametrize("written", ["", "call me", "12", "++", "\0"])
def test_what_cannot_be_dialled_has_no_number(written: str) -> None:
    assert e164(written, "PL") is None


@pytest.mark.parametrize("text", ["biuro@łódź.example", "a.b+c@d.example.eu"])
def test_an_address_with_one_at_sign_is_an_address(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize("text", ["", "a@b", "a b@c.pl", "a@b.pl, c@d.pl", "<a@b.pl>"])
def test_anything_else_is_not(text: str) -> None:
    assert not is_email(text)


def test_words_lose_capitals_diacritics_and_punctuation() -> None:
    assert words("Zakład „Łódź-Widzew” Sp. z o.o.", None, "Straße Øst") == "zaklad lodz widzew sp z o o strasse ost"


def test_a_question_asks_for_words_that_begin_so() -> None:
    assert prefix_query("Łód kow") == "lod:* & kow:*"


@pytest.mark.parametrize("text", ["", "  ", "!&|:*'", "„”"])
def test_a_question_without_words_asks_nothing(text: str) -> None:
    assert prefix_query(text) is None
