"""Small and large bases: the same list of customers with ten of them and with a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application

FILL = """
INSERT INTO customer (id, number, name, country, currency, reliability, key_account, owner, industry, search_text,
    name_key, created_at, created_by, changed_at, row_version)
SELECT 'C' || lpad(n::text, 25, '0'), 'C-' || lpad(n::text, 7, '0'), 'Firma ' || n, 'PL', 'PLN', 'B', false, 'ewa',
    'mills', 'firma ' || n, 'firma ' || n, now() - n * interval '1 second', 'ewa', now(), 1
FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def seller(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


@pytest.mark.parametrize("customers", [10, 100_000])
def test_cfg_05_lists_answer_within_a_second_whatever_the_size(
    application: Application, seller: FlaskClient, customers: int
) -> None:
    with application.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(FILL, (customers,))
        connection.exec_driver_sql("ANALYZE customer")
    for address in ("/customers", f"/customers?q={customers}", "/segments"):
        seller.get(address)  # templates are compiled the first time
        began = time.perf_counter()

        page = seller.get(address)

        assert page.status_code == 200
        assert time.perf_counter() - began < 1, address
    assert f"Firma {customers}" in seller.get(f"/customers?q={customers}").text
