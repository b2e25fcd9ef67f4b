"""The fields of documents, read by the same form-js machinery that reads the forms of tasks."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from documents.fields import FieldsRefused
from engine.bpmn.findings import Findings
from engine.errors import FormRefused
from engine.feel.values import plain
from engine.forms import accept, check_form
from storage.orm import Json


class FormJs:
    """Forms of document types are form-js schemas, checked and enforced as those of tasks."""

    def problems(self, form: Json) -> list[str]:
        """What is wrong with a form, a sentence each."""
        findings = Findings("fields")
        check_form(json.dumps(form).encode(), findings)
        return [finding.sentence for finding in findings if finding.severity == "error"]

    def accept(self, form: Json, fields: Mapping[str, Any], *, now: datetime) -> Json:
        """The fields that the form takes, as JSON. Raises `FieldsRefused` with a sentence per field."""
        try:
            return dict(plain(accept(form, fields, {}, now)))
        except FormRefused as error:
            named = {f"/fields{pointer}": told for pointer, told in error.details["fields"].items()}
            first = next(iter(named.values()))
            raise FieldsRefused(f"The fields cannot be accepted: {first}", fields=named) from error
