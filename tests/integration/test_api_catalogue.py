"""The catalogue of operations over the API, as an editor asks for it."""

from collections.abc import Callable

from flask import Flask

from tests.web import Program


def test_an_editor_reads_operations_schemas_and_templates(program: Callable[..., Program], app: Flask) -> None:
    designer = program("designer", "process_designer")

    operations = {each["name"]: each for each in designer.get("/operations").json["items"]}
    templates = {each["id"]: each for each in designer.get("/operations/element-templates").json}

    mail = operations["mail.send"]
    assert {
        "http.call",
        "record.create",
        "document.generate",
        "decision.evaluate",
        "external.work",
    } <= operations.keys()
    assert (mail["place"], [each["code"] for each in mail["errors"]]) == (
        "outside",
        ["MAIL_REFUSED", "DOCUMENT_MISSING"],
    )
    assert mail["json_schema"]["properties"]["inputs"]["required"] == ["to", "subject", "text"]
    assert {f"obieg.{name}" for name in operations} == templates.keys()
    assert templates["obieg.mail.send"]["properties"][0]["value"] == "mail.send"
    assert app.test_client().get("/api/v1/operations").status_code == 401
