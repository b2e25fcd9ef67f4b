"""Nothing of dunning leaves after the payment was posted, whatever happens in which order, and nothing is forgotten.

Payments, disputes, timers, jobs, print runs and workers that die anywhere are interleaved at random. What leaves is
judged where it leaves: a mail or SMS when the channel gets it, a letter when the post has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.outbox.batches import PostBatch
from crm.outbox.channels import Channels, Parcel, Receipt
from crm.outbox.models import MessageRow
from crm.outbox.sending import LEASE, Claimed, ClaimMessage
from crm.sales.settling import DisputeInvoice
from processes.dunning.dispatching import DispatchNextLetter, dispatch_next_letter
from processes.dunning.letters import INTEREST
from processes.dunning.models import DunningDispatchRow, DunningItemRow, DunningLetterRow
from processes.dunning.nightly import StartDunning
from tests.dunning_desk import CLERK, DunningDesk
from webapp.bootstrap import build
from webapp.outbox.channels import Sink
from webapp.outbox.delivery import send_claimed

EXAMPLES, STEPS, THINGS = 6, 4, 6
CRASHES = 0.2
NARROW = 0.5  # how often the money comes in the very moment before something leaves


class Watched(Sink):
    """A way out that looks at what leaves."""

    def __init__(self, world: Interleavings) -> None:
        super().__init__()
        self.world = world

    def send(self, parcel: Parcel) -> Receipt:
        self.world.judge([parcel.id])
        return super().send(parcel)


class Interleavings(RuleBasedStateMachine):
    """Three invoices of one customer, and all that may happen to them."""

    desk: DunningDesk
    number = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        watched = Watched(self)
        self.desk.application.units.ports[Channels] = Channels({"email": watched, "sms": watched})
        reach: dict[str, Any] = {} if self.number % 2 else {"emails": (), "phones": ()}  # every other is written to
        buyer = self.desk.customer(name=f"Dłużnik {self.number}", reliability="D", **reach)
        self.invoices = [self.desk.invoice(buyer, "1000", days=1) for _ in range(3)]
        self.things = [
            self.pay,
            self.dispute,
            self.days_go_by,
            self.jobs,
            self.letters_are_made,
            *(2 * (self.letters_are_printed, self.the_post_comes) if reach else ()),
            *(() if reach else 2 * (self.a_worker_takes_a_mail, self.the_worker_sends_it)),
        ]
        self.paid: set[int] = set()
        self.disputed: set[int] = set()
        self.claimed: list[Claimed] = []
        self.batches: list[str] = []
        self.desk.clock.advance(timedelta(days=12))
        for each in self.invoices:
            self.desk.do(StartDunning(invoice_id=each), SYSTEM)
        self.desk.clock.advance(timedelta(days=2))
        self.desk.fire_alone()  # the first letter waits
        if self.number % 4 < 2:  # every second pair begins where it is about to leave
            self.desk.make_letters()
            (self.letters_are_printed if reach else self.a_worker_takes_a_mail)(Random(0))

    @rule(seed=st.integers(0, 1 << 32))
    def some_things_happen(self, seed: int) -> None:
        """A few at a time, drawn evenly: the order of neighbours is what matters."""
        dice = Random(seed)
        for _ in range(THINGS):
            dice.choice(self.things)(dice)

    def pay(self, dice: Random) -> None:
        """The money is posted; nobody has heard of it yet."""
        place = dice.randrange(3)
        if place not in self.paid:
            self.desk.pay(self.invoices[place], "1230.00")
            self.paid.add(place)

    def perhaps_pay(self, dice: Random) -> None:
        """Nobody can have heard of it: only the last look before it leaves can."""
        if dice.random() < NARROW:
            self.pay(dice)

    def dispute(self, _dice: Random) -> None:
        if 0 not in self.paid | self.disputed:
            self.desk.do(DisputeInvoice(invoice_id=self.invoices[0], reason="Uszkodzone"))
            self.disputed.add(0)

    def days_go_by(self, dice: Random) -> None:
        self.desk.clock.advance(timedelta(days=dice.choice((1, 4, 9)), hours=1))
        self.desk.fire_alone()

    def jobs(self, _dice: Random) -> None:
        self.desk.work()

    def letters_are_made(self, dice: Random) -> None:
        if dice.random() < CRASHES:
            with self.desk.application.units.begin(CLERK) as unit:
                dispatch_next_letter(DispatchNextLetter(), unit)
        else:
            self.desk.make_letters()

    def a_worker_takes_a_mail(self, _dice: Random) -> None:
        claimed = self.desk.do(ClaimMessage(), SYSTEM)
        if claimed is not None and claimed.parcel is not None:
            self.claimed.append(claimed)

    def the_worker_sends_it(self, dice: Random) -> None:
        if not self.claimed:
            return
        claimed = self.claimed.pop(0)
        self.perhaps_pay(dice)
        if dice.random() < CRASHES:
            self.desk.clock.advance(LEASE + timedelta(seconds=1))
        else:
            send_claimed(self.desk.application, claimed)

    def letters_are_printed(self, _dice: Random) -> None:
        if (batch := self.desk.print_batch()) is not None:
            self.batches.append(batch)

    def the_post_comes(self, dice: Random) -> None:
        if self.batches:
            self.perhaps_pay(dice)
            self.post(self.batches.pop(0))

    def post(self, batch: str) -> None:
        """What is not to go is taken out of the pile; then the post has the rest, in this moment."""
        if not self.desk.do(PostBatch(batch_id=batch), SYSTEM):
            self.desk.do(PostBatch(batch_id=batch), SYSTEM)
        with self.desk.application.units.reading(SYSTEM) as view:
            left = select(MessageRow.id).where(MessageRow.batch_id == batch, MessageRow.state == "sent")
            sent = list(view.session.scalars(left))
        self.judge(sent)

    def judge(self, messages: list[str]) -> None:
        """No invoice in these messages is paid or disputed now; a note of interest follows a payment."""
        wanted = (
            select(DunningItemRow.invoice_id)
            .join(DunningLetterRow, DunningLetterRow.id == DunningItemRow.letter_id)
            .join(DunningDispatchRow, DunningDispatchRow.letter_id == DunningLetterRow.id)
            .where(DunningDispatchRow.message_id.in_(messages), DunningLetterRow.template != INTEREST)
            .where(DunningItemRow.state.in_(("made", "sent")))
        )
        with self.desk.application.units.reading(SYSTEM) as view:
            named = set(view.session.scalars(wanted))
        barred = {self.invoices[place] for place in self.paid | self.disputed}
        assert not named & barred, "something left although it was paid or disputed"

    @invariant()
    def an_invoice_waits_in_one_letter_at_most(self) -> None:
        for each in self.invoices:
            assert len(self.desk.letters(each, "waiting")) <= 1

    def teardown(self) -> None:
        """Whoever is left gets a letter at last; then all is paid and settled, and nothing more leaves."""
        if not hasattr(self, "batches"):
            return
        self.desk.clock.advance(LEASE + timedelta(seconds=1))
        while self.batches:
            self.post(self.batches.pop(0))
        self.desk.work()
        for _ in range(3):
            self.desk.clock.advance(timedelta(days=4))
            self.desk.fire()
            self.desk.print_letters()
        for place, each in enumerate(self.invoices):
            if place not in self.paid | self.disputed:
                assert self.desk.letters(each, "sent"), "a letter was forgotten"
                self.desk.pay(each, "1230.00")
                self.paid.add(place)
        for place in self.disputed - self.paid:
            self.desk.pay(self.invoices[place], "1230.00")
            self.paid.add(place)
        self.desk.work()
        self.desk.print_letters()
        assert {self.desk.case(each).outcome for each in self.invoices} == {"settled"}
        self.desk.no_incidents()


@contextmanager
def opened_desk(url: str, folder: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    built = build(Settings(database_url=url, data=folder, dunning_bank_days=0), clock=clock)
    yield DunningDesk(built, clock)
    built.close()


def test_nothing_leaves_after_the_payment_was_posted(database_url: str, tmp_path: Path, clock: FixedClock) -> None:
    with opened_desk(database_url, tmp_path / "data", clock) as desk:
        machine = type("Interleaved", (Interleavings,), {"desk": desk})
        bounds = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # making a failure smaller takes minutes
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=bounds)
