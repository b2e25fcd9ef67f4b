from __future__ import annotations

import re
from pathlib import Path

import requests

from processes.planner_task import PACKAGE as PLANNER_TASK
from tests.served import run, serving
from webapp.demo import PASSWORD, PEOPLE
from webapp.demo_sales import INVOICES


def log_in(address: str, name: str) -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    form = browser.get(address + "/login", timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token, form.text
    entered = {"name": name, "password": PASSWORD, "csrf_token": token[1]}
    return browser, browser.post(address + "/login", data=entered, timeout=30)


def test_the_demo_starts_a_second_time_with_what_is_there_and_was_changed_and_people_can_log_in(tmp_path: Path) -> None:
    first = run(tmp_path, "demo", "--prepare-only")
    assert first.returncode == 0, first.stderr
    shipped = next(path for path in PLANNER_TASK.files() if path.suffix == ".bpmn")
    changed = tmp_path / "changed.bpmn"
    changed.write_bytes(shipped.read_bytes() + b"<!-- changed -->")
    assert "version 2" in run(tmp_path, "deploy", str(changed)).stdout

    with serving(tmp_path, "demo") as server:
        browser, inbox = log_in(server.address, "jan")
        tasks = browser.get(server.address + "/api/v1/tasks", timeout=30).json()
        documents = browser.get(server.address + "/api/v1/documents", timeout=30).json()
        records, _ = log_in(server.address, "kazik")
        rules = records.get(server.address + "/records/rules", timeout=30).text
        held = records.get(server.address + "/records/holds", timeout=30).text
        invoices = browser.get(server.address + "/api/v1/invoices", timeout=30).json()
        planned = browser.get(server.address + "/activities", timeout=30).text
        server.stop()

    assert inbox.status_code == 200
    assert tasks["total"] >= 1
    assert {"invoice", "handover_protocol", "framework_contract"} <= {each["type"] for each in documents["items"]}
    assert invoices["total"] == INVOICES
    assert "planned" in planned
    assert "Dowody księgowe" in rules
    assert "Reklamacja partii pomp" in held
    printed = "".join(server.lines)
    assert PASSWORD in printed
    assert all(name in printed for name, _, _ in PEOPLE)
    again = run(tmp_path, "demo", "--prepare-only")
    assert (again.returncode, again.stderr) == (0, "")
    assert "version 2" in run(tmp_path, "deploy", "--dry-run", str(changed)).stdout
