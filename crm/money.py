"""Amounts: decimal all the way, rounded half-up once, at the end."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Protocol

from core.records import dataclass

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
NOTHING = Decimal(0)
PRECISION = 34  # digits, as in decimal128 and FEEL


class Priced(Protocol):
    """What a line must tell to be added up."""

    @property
    def quantity(self) -> Decimal:
        """How many units."""

    @property
    def unit_price(self) -> Decimal:
        """Price of one unit before discount, without VAT."""

    @property
    def discount(self) -> Decimal:
        """Per cent off the price."""

    @property
    def vat_rate(self) -> Decimal:
        """Per cent."""

    @property
    def unit_cost(self) -> Decimal | None:
        """What one unit costs us, where known."""


@dataclass(frozen=True, slots=True)
class VatShare:
    """What falls under one VAT rate."""

    rate: Decimal
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of some lines; `cost` and `margin` are None as soon as one line's cost is unknown.

    `margin` is a ratio in per cent of net and not rounded.
    """

    net: Decimal
    vat: Decimal
    gross: Decimal
    shares: tuple[VatShare, ...]
    cost: Decimal | None
    margin: Decimal | None
    max_discount: Decimal


def rounded(amount: Decimal) -> Decimal:
    """To cents, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_net(line: Priced) -> Decimal:
    """A line's value without VAT, not rounded."""
    with localcontext(prec=PRECISION):
        return line.quantity * line.unit_price * (HUNDRED - line.discount) / HUNDRED


def totals(lines: Iterable[Priced]) -> Totals:
    """Add lines up. Rounding happens once per VAT rate, so that the shares add up to the totals to the cent."""
    lines = list(lines)
    with localcontext(prec=PRECISION):
        by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
        for line in lines:
            by_rate[line.vat_rate.normalize()] += line_net(line)
        shares = tuple(
            VatShare(rate, rounded(net), rounded(net * rate / HUNDRED)) for rate, net in sorted(by_rate.items())
        )
        net = sum((share.net for share in shares), NOTHING)
        vat = sum((share.vat for share in shares), NOTHING)
        cost = _cost(lines)
        margin = (net - cost) / net * HUNDRED if cost is not None and net > 0 else None
    return Totals(
        net=rounded(net),
        vat=rounded(vat),
        gross=rounded(net + vat),
        shares=shares,
        cost=cost,
        margin=margin,
        max_discount=max((line.discount for line in lines), default=NOTHING),
    )


def _cost(lines: list[Priced]) -> Decimal | None:
    total = NOTHING
    for line in lines:
        if line.unit_cost is None:
            return None
        total += line.quantity * line.unit_cost
    return rounded(total)


def plain(number: Decimal) -> str:
    """A number as text without exponent and trailing zeros: the same number is the same text."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
