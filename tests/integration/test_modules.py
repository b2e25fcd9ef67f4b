"""Parts that are switched off: no menu, no page, no right, no API, no new process; nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core.identity import SYSTEM, Actor
from core.settings import Settings, SettingsError
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.errors import DeploymentRefused
from engine.queries import definitions
from processes.dunning import PACKAGE as DUNNING
from processes.package import Package
from processes.service_repair import PACKAGE as REPAIR
from tests.web import PASSWORD, WHOLE_FIRM, Program, log_in
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application, build
from webapp.modules import without

OFF = ("calls", "devices", "erp", "segments")


@pytest.fixture
def small(application: Application) -> Application:
    """The same installation without four parts."""
    application.settings = replace(application.settings, modules_off=OFF)
    application.units.ports[Settings] = application.settings
    order = AddAccount(name="zofia", roles=frozenset({*WHOLE_FIRM, "call_agent"}), password=PASSWORD)
    application.executor.execute(order, actor=SYSTEM)
    return application


@pytest.fixture
def zofia(small: Application) -> FlaskClient:
    browser = create_app(small).test_client()
    log_in(browser, name="zofia")
    return browser


def test_cfg_04_menus_pages_and_the_api_of_a_part_vanish(small: Application, zofia: FlaskClient) -> None:
    token = small.executor.execute(CreateToken(name="zofia"), actor=SYSTEM).token
    program = Program(zofia.application, token)

    page = zofia.get("/customers").text

    for address in ("/calls", "/devices", "/erp", "/segments", "/reports/repairs"):
        assert f'href="{address}"' not in page
        assert zofia.get(address).status_code == 404, address
    assert 'href="/offers"' in page
    assert zofia.get("/offers").status_code == 200
    refused = program.get("/segments")
    assert (refused.status_code, refused.json["code"]) == (404, "module_off")
    assert program.get("/offers").status_code == 200
    described = program.get("/api/v1/openapi.json").json["paths"]
    assert not [path for path in described if path.startswith(("/segments", "/api/v1/segments"))]
    assert [path for path in described if "/offers" in path]


def test_cfg_04_rights_of_a_part_vanish(small: Application, zofia: FlaskClient) -> None:
    everything = Actor(id="z", name="Z", permissions=frozenset({"call.work", "customer.read", "erp.exchange"}))

    left = without(small.settings, everything)

    assert left.permissions == {"customer.read"}
    small.settings = replace(small.settings, modules_off=("sales",))
    assert "New offer" not in zofia.get("/customers").text


def test_cfg_04_a_process_that_needs_a_part_is_not_deployed(small: Application) -> None:
    def deploy(package: Package) -> None:
        files = tuple(DeploymentFile(name=each.name, content=each.read_bytes()) for each in package.files())
        small.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)

    with pytest.raises(DeploymentRefused, match="service_repair needs the part devices, which is switched off"):
        deploy(REPAIR)
    deploy(DUNNING)

    with small.units.reading(SYSTEM) as view:
        keys = {each.key for each in definitions(view)}
    assert "dunning" in keys
    assert "service_repair" not in keys


def test_cfg_04_a_part_that_there_is_not_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OBIEG_MODULES_OFF names telephone; known are calls, devices"):
        build(Settings(data=tmp_path, modules_off=("telephone",)))
