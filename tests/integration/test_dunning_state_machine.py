"""No letter goes out after its payment: payments, timers, print runs, jobs and crashes in any order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from processes.dunning.printing import PrintNextLetter, print_next_letter

from core.clock import FixedClock
from core.settings import Settings
from tests.dunning_desk import CLERK, DunningDesk
from webapp.bootstrap import build

ROUNDS, STEPS = 4, 14


@pytest.fixture(scope="module")
def seeds() -> range:
    return range(ROUNDS)


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    settings = Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0)
    built = build(settings, clock=clock)
    yield DunningDesk(built, clock)
    built.close()


class World:
    """Some invoices of one customer, and who has paid which of them."""

    def __init__(self, desk: DunningDesk, seed: int) -> None:
        self.desk, self.dice = desk, Random(seed)
        buyer = desk.customer(name=f"Dłużnik {seed}")
        self.invoices = [desk.invoice(buyer, "1000", days=1) for _ in range(3)]
        self.paid: set[str] = set()
        self.sent = dict.fromkeys(self.invoices, 0)

    def step(self) -> str:
        """Something happens; a payment is posted, and nobody has heard of it yet."""
        name = self.dice.choice(("pay", "day", "timers", "print", "print", "crash", "jobs"))
        getattr(self, name)()
        self.check(name)
        return name

    def pay(self) -> None:
        left = [each for each in self.invoices if each not in self.paid]
        if left and self.dice.random() < 0.5:
            chosen = self.dice.choice(left)
            self.desk.pay(chosen, "1230.00")
            self.paid.add(chosen)

    def day(self) -> None:
        self.desk.clock.advance(timedelta(days=self.dice.choice((1, 4, 9))))

    def timers(self) -> None:
        self.desk.fire_alone()

    def print(self) -> None:
        last = ""
        while (printed := self.desk.do(PrintNextLetter(after=last))) is not None:
            last = printed.letter_id

    def crash(self) -> None:
        """A print run dies before it commits."""
        with self.desk.application.units.begin(CLERK) as unit:
            print_next_letter(PrintNextLetter(), unit)

    def jobs(self) -> None:
        self.desk.work()

    def check(self, name: str) -> None:
        for each in self.invoices:
            count = len(
                [kind for kind, _ in self.desk.letters(each, "sent") if kind != "INT"]
            )  # a note follows a payment
            assert count == self.sent[each] or each not in self.paid, f"a letter of a paid invoice went out at {name}"
            self.sent[each] = count


def test_no_letter_goes_out_after_its_payment_was_posted(desk: DunningDesk, seeds: range) -> None:
    for seed in seeds:
        world = World(desk, seed)
        desk.clock.advance(timedelta(days=12))
        desk.night()
        desk.clock.advance(timedelta(days=2))
        desk.fire_alone()
        for _ in range(STEPS):
            world.step()
        for each in world.invoices:
            if each not in world.paid:
                desk.pay(each, "1230.00")
                world.paid.add(each)
        desk.work()
        world.print()
        world.check("the end")

        assert {desk.case(each).outcome for each in world.invoices} == {"settled"}
    desk.no_incidents()
