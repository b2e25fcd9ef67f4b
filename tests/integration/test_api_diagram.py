"""The diagram of a case as SVG."""

import io
from collections.abc import Callable
from typing import Any

from lxml import etree

from tests.engine_world import bpmn, line
from tests.web import WHOLE_FIRM, Program

SVG = "{http://www.w3.org/2000/svg}"
MODEL = bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second")), key="two_steps")
SECRET = bpmn(line('<userTask id="first" camunda:candidateGroups="board"/>', names=("first",)), key="secret")


def test_a_case_is_drawn_with_its_tokens(program: Callable[..., Program]) -> None:
    admin = program("admin", *WHOLE_FIRM)
    files: Any = {"file": (io.BytesIO(MODEL), "two.bpmn")}
    admin.post("/definitions", data=files, content_type="multipart/form-data")
    case = admin.post("/instances", json={"definition_key": "two_steps"}).json
    admin.post(f"/tasks/{case['tasks'][0]['id']}/complete", json={"data": {}})

    answer = admin.get(f"/instances/{case['id']}/diagram")

    picture = etree.fromstring(answer.data)
    marks = {group.find(f"{SVG}title").text: group.get("class") for group in picture.iter(f"{SVG}g") if len(group) > 1
             and group.find(f"{SVG}title") is not None}  # fmt: skip
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert marks["first (first)"] == "node userTask visited"
    assert marks["second (second)"] == "node userTask active"
    assert [each.get("class") for each in picture.iter(f"{SVG}g")].count("badge") == 1


def test_a_case_that_somebody_may_not_see_has_no_diagram(program: Callable[..., Program]) -> None:
    admin, stranger = program("admin", *WHOLE_FIRM), program("anna", "legal")
    files: Any = {"file": (io.BytesIO(SECRET), "two.bpmn")}
    admin.post("/definitions", data=files, content_type="multipart/form-data")
    case = admin.post("/instances", json={"definition_key": "secret"}).json

    assert stranger.get(f"/instances/{case['id']}/diagram").status_code == 404
