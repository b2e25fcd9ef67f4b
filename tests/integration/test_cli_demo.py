from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import requests

from processes.planner_task import PACKAGE as PLANNER_TASK
from tests.served import run, serving
from webapp.demo import PASSWORD, PEOPLE
from webapp.demo_sales import INVOICES

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "approve-an-offer-by-rest.md"
PDF = b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def log_in(address: str, name: str) -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    form = browser.get(address + "/login", timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token, form.text
    entered = {"name": name, "password": PASSWORD, "csrf_token": token[1]}
    return browser, browser.post(address + "/login", data=entered, timeout=30)


def walk_the_how_to(address: str, tokens: dict[str, str]) -> list[Any]:
    """Send what the how-to says to send, as whom it says; gives what the auditor then finds among the documents."""
    text = HOW_TO.read_text()
    (number,) = set(re.findall(r"OF-\d{4}-\d{4}", text))
    bodies = [json.loads(each) for each in re.findall(r"-d '(\{\"data\"[^']+\})'", text)]
    without, prepared, decided, sent = bodies
    (where,) = re.findall(r'"\$API(/offers[^"]*)" \| field', text)
    api = address + "/api/v1"

    def call(name: str, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(
            method, api + path, headers={"Authorization": f"Bearer {tokens[name]}"}, timeout=120, **options
        )

    def task_of(name: str) -> str:
        return str(call(name, "GET", f"/tasks?q={number}").json()["items"][0]["id"])

    offer = call("ewa", "GET", where).json()["id"]
    start = {"definition_key": "offer_approval", "business_key": number, "variables": {"offer_id": offer}}
    started = call("ewa", "POST", "/instances", json=start | {"links": [{"entity": "crm.offer", "id": offer}]}).json()
    task = started["tasks"][0]["id"]
    assert call("ewa", "POST", f"/tasks/{task}/complete", json=without).json()["code"] == "documents_missing"
    form = {"type": "customer_request", "title": "Request"}
    attached = call("ewa", "POST", f"/tasks/{task}/documents", data=form, files={"file": ("request.pdf", PDF)})
    assert attached.ok, attached.text
    for name, task_id, body in (("ewa", task, prepared), ("jan", None, decided), ("ewa", None, sent)):
        done = call(name, "POST", f"/tasks/{task_id or task_of(name)}/complete", json=body)
        assert done.ok, done.text
    return list(call("adam", "GET", f"/instances/{started['id']}/documents").json()["items"])


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
        tokens = {name: run(tmp_path, "token", "create", name).stdout.strip() for name in ("ewa", "jan", "adam")}
        filed = walk_the_how_to(server.address, tokens)
        server.stop()

    assert {"customer_request", "approval_sheet"} <= {each["type"] for each in filed}
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
