import pytest

from crm.tax_ids import RULES, fault, normal

KNOWN = [  # the numbers of public bodies and large firms, as they stand on their own web sites
    ("DE", "136695976"),
    ("BE", "0403019261"),
    ("DK", "13585628"),
    ("FI", "20774740"),
    ("HU", "12892312"),
    ("IT", "00743110157"),
    ("PT", "501964843"),
    ("AT", "13585627"),
    ("CZ", "25123891"),
    ("SK", "2022749619"),
    ("LT", "119511515"),
    ("PL", "8567346215"),
]


@pytest.mark.parametrize(("country", "number"), KNOWN)
def test_a_real_number_is_accepted(country: str, number: str) -> None:
    assert fault(number, country) is None


@pytest.mark.parametrize(("country", "number"), KNOWN)
def test_every_single_mistyped_check_digit_is_found(country: str, number: str) -> None:
    last = int(number[-1])

    faults = [fault(number[:-1] + str(digit), country) for digit in range(10) if digit != last]

    assert all(faults)


def test_a_refusal_names_the_digit_and_the_rule() -> None:
    assert fault("8567346216", "PL") == (
        "NIP 8567346216 is mistyped: its last digit must be 5 (weights 6, 5, 7, 2, 3, 4, 5, 6, 7, modulo 11)."
    )


def test_a_number_of_the_wrong_length_says_how_long_it_must_be() -> None:
    assert fault("123", "PL") == "NIP has 10 digits; 123 does not."


def test_a_country_without_a_rule_is_not_guessed_at() -> None:
    assert fault("B12345678", "ES") is None


def test_a_country_prefix_and_punctuation_do_not_matter() -> None:
    assert normal("PL 856-734-62-15", "PL") == "8567346215"
    assert normal("ATU13585627", "AT") == normal("U 13585627", "AT") == "13585627"


def test_every_rule_can_complete_some_number() -> None:
    for country, rule in RULES.items():
        body = "2" * (rule.length - rule.checks - 1) + "1"
        checks = rule.complete(body)

        assert checks is None or fault(body + checks, country) is None
