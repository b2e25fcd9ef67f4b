"""Letters of dunning in the outbox: what somebody cancels, and the copies that follow a letter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.outbox.batches import PostBatch
from crm.outbox.handling import CancelMessage
from processes.dunning.models import DunningDispatchRow
from tests.dunning_desk import CLERK, DunningDesk
from webapp.bootstrap import build
from webapp.outbox.delivery import send_due


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0), clock=clock)
    yield DunningDesk(built, clock)
    built.close()


def test_a_letter_that_somebody_cancels_asks_a_person_and_says_nothing_of_the_address(
    desk: DunningDesk,
) -> None:
    late = desk.invoice(desk.customer())
    desk.clock.advance(timedelta(days=20))
    desk.night()
    desk.clock.advance(timedelta(days=3))
    desk.fire()
    desk.make_letters()
    with desk.application.units.reading(SYSTEM) as view:
        message = view.session.scalars(select(DunningDispatchRow.message_id)).one()

    desk.do(CancelMessage(message_id=message, reason="rozmawiamy"), SYSTEM)
    desk.work()

    assert (desk.row(late).stuck, desk.row(late).mail_fails) == ("cancelled", False)
    assert [each.element_id for each in desk.tasks(late)] == ["decide_step"]
    desk.complete(late, "decide_step", CLERK, go_on="go_on", reason="dalej")
    desk.pass_days(1)
    assert desk.letters(late) == [("L1", "withdrawn"), ("L1", "sent")]


def test_the_copy_of_a_letter_follows_it_and_does_not_repeat_when_it_is_held(desk: DunningDesk) -> None:
    buyer = desk.customer()
    first, second = desk.invoice(buyer), desk.invoice(buyer, "200")
    desk.clock.advance(timedelta(days=20))
    desk.night()
    while desk.row(first).level == 0:
        desk.pass_days(1)
    mails = len(desk.sink.parcels)
    while ("L2", "made") not in desk.letters(first):
        desk.clock.advance(timedelta(days=1))
        desk.fire()
        desk.make_letters()
        send_due(desk.application)
    batch = desk.print_batch()
    assert batch is not None
    assert len(desk.sink.parcels) == mails  # the letter has not left yet
    desk.pay(second, "246.00")
    assert desk.do(PostBatch(batch_id=batch), SYSTEM) == 0

    desk.work()
    desk.print_letters()

    assert [each[1] for each in desk.letters(first) if each[0] == "L2"] == ["sent"]
    assert len(desk.sink.parcels) == mails + 1
