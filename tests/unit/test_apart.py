"""Work in a process of its own: it is ended in time, and a file that kills it is a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput, Unavailable
from documents.apart import FileRefused, WorkTimedOut, work, workbench
from documents.word import TemplateRefused
from tests.template_samples import letter

ENDLESS = "{% for a in range(90000) %}{% for b in range(90000) %}{{ a * b }}{% endfor %}{% endfor %}"
HUNGRY = "{% set ns = namespace(x='0123456789') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"


def fill(folder: Path, text: str, *, seconds: int) -> object:
    (folder / "template.docx").write_bytes(letter(text))
    order = {"records": [{}], "at": "2026-01-05T07:00:00+00:00", "language": "pl", "title": "x", "pdf": False}
    return work("template.fill", order, folder, seconds=seconds, refused=TemplateRefused)


def test_a_template_without_end_is_stopped() -> None:
    with workbench() as folder, pytest.raises((WorkTimedOut, TemplateRefused)) as stopped:
        fill(folder, ENDLESS, seconds=4)

    assert isinstance(stopped.value, InvalidInput | Unavailable)
    assert stopped.value.sentence


def test_a_template_that_eats_memory_is_refused() -> None:
    with workbench() as folder, pytest.raises((WorkTimedOut, TemplateRefused)):
        fill(folder, HUNGRY, seconds=20)


def test_a_file_that_breaks_the_program_is_refused_with_a_sentence() -> None:
    with workbench() as folder, pytest.raises(FileRefused, match="broken, or needs more time or memory"):
        work("signature.check", {"trusted": ["no certificate"], "now": "nonsense"}, folder)


def test_the_workbench_goes_with_all_that_is_in_it() -> None:
    with workbench() as folder:
        (folder / "x").write_text("x")

    assert not folder.exists()
