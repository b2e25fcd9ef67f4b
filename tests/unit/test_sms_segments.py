"""How many SMS a text takes, in the alphabets that our customers write."""

import pytest

from crm.outbox.segments import GSM, UCS2, count


@pytest.mark.parametrize(
    ("text", "encoding", "places", "segments"),
    [
        ("", GSM, 0, 0),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        ("zażółć gęślą jaźń", UCS2, 17, 1),
        ("ż" * 70, UCS2, 70, 1),
        ("ż" * 71, UCS2, 71, 2),
        ("ż" * 134, UCS2, 134, 2),
        ("ż" * 135, UCS2, 135, 3),
        ("Здравствуйте", UCS2, 12, 1),
        ("Щ" * 71, UCS2, 71, 2),
        ("ță" * 35, UCS2, 70, 1),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
    ],
)
def test_sms_02_segments_of(text: str, encoding: str, places: int, segments: int) -> None:
    found = count(text)

    assert (found.encoding, found.places, found.segments) == (encoding, places, segments)


def test_sms_02_a_character_of_two_places_is_never_parted() -> None:
    assert count("a" * 152 + "€" + "a" * 152).segments == 3


def test_sms_02_what_makes_a_text_dear_is_named() -> None:
    assert count("Łódź: 10 €").unusual == "Łóź"
