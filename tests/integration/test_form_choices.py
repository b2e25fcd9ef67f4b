"""What fields of forms offer while one types: records that the person may see, by the word that the form takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import processes
from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.products import Article, CreateProduct
from crm.profiles import Profile
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application
from webapp.pages.form_choices import KINDS


@pytest.fixture
def rep(application: Application, anna: FlaskClient) -> FlaskClient:
    """A representative, where a crane maker buys pumps."""
    for sku, name, group in (
        ("P-1", "Pompa mała", "Pompy"),
        ("P-2", "Pompa duża", "Pompy"),
        ("W-1", "Wirnik", "Części"),
    ):
        article = Article(sku=sku, name=name, price=Decimal(10), category=group)
        application.executor.execute(CreateProduct(article=article), actor=SYSTEM)
    application.executor.execute(CreateCustomer(profile=Profile(name="Żuraw", country="PL")), actor=SYSTEM)
    log_in(anna)
    return anna


def test_a_customer_is_found_by_name_and_written_as_a_number(rep: FlaskClient) -> None:
    page = rep.get("/choices/crm.customer?q=zur").text

    assert "Żuraw" in page
    assert 'data-value="C-' in page


def test_product_groups_are_offered_once_each(rep: FlaskClient) -> None:
    page = rep.get("/choices/crm.product_group?q=").text

    assert page.count('data-value="Pompy"') == 1
    assert page.index("Części") < page.index("Pompy")


def test_what_fits_nothing_is_told(rep: FlaskClient) -> None:
    assert "Nothing that you may see fits “xyzzy”" in rep.get("/choices/crm.product?q=xyzzy").text


def test_kinds_that_no_field_offers_are_not_there(rep: FlaskClient) -> None:
    assert rep.get("/choices/crm.invoice?q=1").status_code == 404


def test_who_may_not_read_customers_finds_none(rep: FlaskClient, app: Flask, add_account: Callable[..., str]) -> None:
    operator = app.test_client()
    add_account("otto", "operator", password=PASSWORD)
    log_in(operator, name="otto")

    page = operator.get("/choices/crm.customer?q=zur")

    assert "Żuraw" not in page.text
    assert "Nothing that you may see" in page.text


def test_what_the_forms_that_ship_ask_for_can_be_chosen() -> None:
    root = Path(processes.__file__).parent
    asked = {
        component["properties"]["choose"]
        for path in root.rglob("*.form")
        for component in json.loads(path.read_text())["components"]
        if "choose" in component.get("properties", {})
    }

    assert asked == set(KINDS)
