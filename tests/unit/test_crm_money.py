from dataclasses import dataclass
from decimal import Decimal

import pytest

from crm.money import line_net, plain, rounded, totals


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    vat_rate: Decimal = Decimal(23)
    unit_cost: Decimal | None = None


@pytest.mark.parametrize(
    ("exact", "cents"), [("0.005", "0.01"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("1.004999", "1.00")]
)
def test_halves_are_rounded_away_from_zero(exact: str, cents: str) -> None:
    assert rounded(Decimal(exact)) == Decimal(cents)


def test_rounding_happens_after_adding_up() -> None:
    lines = [Line(Decimal(1), Decimal("0.004")) for _ in range(3)]

    assert totals(lines).net == Decimal("0.01")  # rounding each line first would give nothing


def test_the_shares_of_all_rates_add_up_to_the_totals() -> None:
    lines = [
        Line(Decimal(3), Decimal("19.99"), discount=Decimal("12.5")),
        Line(Decimal("0.75"), Decimal("33.3333"), vat_rate=Decimal(8)),
        Line(Decimal(1), Decimal(100), vat_rate=Decimal("8.0000")),
        Line(Decimal(2), Decimal("7.77"), vat_rate=Decimal(0)),
    ]

    sums = totals(lines)

    assert [share.rate for share in sums.shares] == [0, 8, 23]
    assert sums.net == sum(share.net for share in sums.shares)
    assert sums.gross == sums.net + sum(share.vat for share in sums.shares)


def test_the_margin_is_a_ratio_that_is_not_rounded() -> None:
    sums = totals([Line(Decimal(3), Decimal(10), unit_cost=Decimal(7))])

    assert sums.cost == Decimal("21.00")
    assert sums.margin == Decimal(30)
    third = totals([Line(Decimal(1), Decimal(3), unit_cost=Decimal(2))]).margin
    assert third is not None
    assert str(third).startswith("33.3333333333333333")


def test_one_line_without_a_cost_leaves_the_margin_unknown() -> None:
    sums = totals([Line(Decimal(1), Decimal(10), unit_cost=Decimal(7)), Line(Decimal(1), Decimal(10))])

    assert sums.cost is None
    assert sums.margin is None


def test_the_largest_discount_of_any_line_counts() -> None:
    lines = [Line(Decimal(1), Decimal(10), discount=Decimal(each)) for each in ("5", "10.01", "0")]

    assert totals(lines).max_discount == Decimal("10.01")


def test_no_lines_are_worth_nothing() -> None:
    sums = totals([])

    assert (sums.net, sums.gross, sums.margin, sums.max_discount) == (0, 0, None, 0)


def test_a_discounted_line_loses_no_digits() -> None:
    assert line_net(Line(Decimal(12), Decimal("14.4"), discount=Decimal("0.15"))) == Decimal("172.54080")


@pytest.mark.parametrize(
    ("number", "text"), [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("0.00", "0"), ("-2.10", "-2.1")]
)
def test_the_same_number_is_the_same_text(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text
