"""The sample data are complete, valid, and the same every time."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.executor import Executor
from core.identity import SYSTEM
from crm.models import CustomerRow
from crm.offer_queries import offers
from crm.profiles import checked
from crm.queries import customers, products, standing
from crm.reach import e164
from crm.samples import SEED, LoadedSamples, LoadSamples, firms
from storage.unit_of_work import UnitFactory
from tests.crm_desk import NoJobs


@pytest.fixture
def units(engine: Engine) -> UnitFactory:
    return UnitFactory(engine, queue=NoJobs(), clock=FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))


def test_the_samples_are_loaded_once(units: UnitFactory) -> None:
    executor = Executor(units)

    first = executor.execute(LoadSamples(), actor=SYSTEM)
    again = executor.execute(LoadSamples(), actor=SYSTEM)

    assert first == LoadedSamples(customers=40, products=30, orders=40, offers=20)
    assert again == LoadedSamples()
    with units.reading(SYSTEM) as view:
        assert customers(view).total == 40
        assert products(view).total == 30
        states = Counter(each.state for each in offers(view).items)
        assert states == {"draft": 11, "approved": 3, "sent": 3, "rejected": 2, "withdrawn": 1}
        rows = view.session.query(CustomerRow).all()
        assert any(standing(view, row.id).is_overdue for row in rows)
        assert any(standing(view, row.id).exposure > (row.credit_limit or 0) for row in rows)


def test_every_sample_firm_is_valid_and_can_be_called() -> None:
    for profile in firms(Random(SEED)):
        checked(profile)
        assert all(e164(phone.number, profile.country) for phone in profile.phones), profile
        assert all(email.address.endswith(".example") for email in profile.emails)


def test_the_same_seed_gives_the_same_firms() -> None:
    assert list(firms(Random(SEED))) == list(firms(Random(SEED)))
    assert list(firms(Random(SEED))) != list(firms(Random(1)))
