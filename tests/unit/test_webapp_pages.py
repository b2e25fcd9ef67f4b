"""Pages without a browser: formats, the offer editor's form, told trails, and what templates ask of the front end."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from audit.queries import Entry
from core.errors import InvalidInput
from webapp.pages.formats import initials, money, pretty, quantity, size, words
from webapp.pages.offer_form import update_of
from webapp.pages.telling import tell

WEBAPP = Path(__file__).parents[2] / "webapp"
TEMPLATES = sorted((WEBAPP / "templates").rglob("*.html"))
LINE = {
    "product_id": "P1",
    "description": "",
    "sku": "",
    "unit": "",
    "quantity": "2",
    "unit_price": "10.50",
    "discount": "0",
    "vat_rate": "23",
    "payment_days": "14",
}


@pytest.mark.parametrize(
    ("value", "shown"), [(Decimal("1234.5"), "1,234.50 EUR"), (0, "0.00 EUR"), ("", "–"), (None, "–")]
)
def test_money_has_two_decimals_and_a_currency(value: Decimal | int | str | None, shown: str) -> None:
    assert money(value, "EUR") == shown


@pytest.mark.parametrize(("value", "shown"), [(Decimal("1250.0000"), "1,250"), (Decimal("0.50"), "0.5"), (0, "0")])
def test_a_quantity_has_no_zeros_at_its_end(value: Decimal | int, shown: str) -> None:
    assert quantity(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(640, "640 B"), (1_500, "1.5 kB"), (3_400_000_000, "3.4 GB"), (0, "0 B")])
def test_sizes_are_short(value: int, shown: str) -> None:
    assert size(value) == shown


def test_names_and_keys_become_what_people_read() -> None:
    assert initials("Anna Maria Nowak") == "AN"
    assert initials("system") == "S"
    assert words("approved_sent") == "Approved sent"
    assert pretty({"name": "Łódź"}) == '{\n  "name": "Łódź"\n}'


@pytest.mark.parametrize("text", ["1,250.50", "1 250,50", "1250.50", "1250,5", "1\u00a0250,50"])
def test_the_editor_understands_numbers_as_people_write_them(text: str) -> None:
    command = update_of("O1", MultiDict(LINE | {"unit_price": text}))

    assert command.lines is not None
    assert command.lines[0].unit_price == Decimal("1250.50")


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("unit_price", "ten", "The price in line 1"),
        ("quantity", "NaN", "The quantity in line 1"),
        ("discount", "", "The discount in line 1"),
        ("product_id", "", "Line 1 has no product"),
        ("payment_days", "two weeks", "The payment days"),
        ("valid_until", "31.01.2026", "31.01.2026"),
    ],
)
def test_the_editor_names_the_field_that_it_cannot_read(field: str, text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(named)):
        update_of("O1", MultiDict(LINE | {field: text}))


def entry(type_: str, seq: int = 1, **data: object) -> Entry:
    return Entry(
        id=f"E{seq}",
        stream="case:C1",
        seq=seq,
        type=type_,
        at=datetime(2026, 1, 5, tzinfo=UTC),
        actor_id="jan",
        actor_name="Jan Lis",
        actor_address=None,
        case="C1",
        unit="U1",
        data=dict(data),
        erased=frozenset(),
        previous_hash="0" * 64,
        hash="a" * 64,
    )


def test_a_completed_task_is_told_with_its_name_its_words_and_the_versions_it_was_decided_on() -> None:
    paper = {"document_id": "D1", "version": 2, "type": "request", "digest": "b" * 64}

    _, _, line = tell(
        [
            entry("document.filed", document_id="D1", version=1, digest="c" * 64, title="Request"),
            entry("task.created", task_id="T1", name="Approve offer"),
            entry("task.completed", 2, task_id="T1", data={"decision": "approve", "remark": "Fine"}, documents=[paper]),
        ]
    )

    assert (line.title, line.what, line.actor_name) == ("Task completed", "Approve offer", "Jan Lis")
    assert ("decision", "approve") in line.facts
    assert [(each.title, each.version, each.digest) for each in line.documents] == [("Request", 2, "b" * 64)]
    assert (line.stream_title, line.position, line.hash) == ("Case", 2, "a" * 64)


def test_a_document_whose_title_was_erased_still_shows_version_and_digest() -> None:
    (line,) = tell([entry("document.filed", document_id="D1", version=1, digest="c" * 64, title=None)])

    assert (line.documents[0].title, line.documents[0].digest) == ("(title erased)", "c" * 64)


def test_every_icon_of_a_template_is_in_the_sprite() -> None:
    known = set(json.loads((WEBAPP / "frontend" / "icons.json").read_text()))
    sources = [*TEMPLATES, *(WEBAPP / "pages").glob("*.py")]
    used = {name for path in sources for name in re.findall(r'icon\("([a-z0-9-]+)"', path.read_text())}

    assert used
    assert used <= known


def test_every_page_has_its_own_script() -> None:
    entries = {path.stem for path in (WEBAPP / "frontend" / "src" / "pages").glob("*.js")}
    used = {name for path in TEMPLATES for name in re.findall(r'set page = "([a-z]+)"', path.read_text())}

    assert used <= entries


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_inline_scripts_or_styles(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"\sstyle=|<style", text)
    assert not re.search(r'<script(?![^>]*(?:src=|type="application/json"))', text)


def test_amounts_of_a_trail_are_written_as_money() -> None:
    (line,) = tell([entry("offer.frozen", number="OF-1", currency="PLN", net="22880", gross="28142.4", vat="exempt")])

    assert line.facts == [("currency", "PLN"), ("net", "22,880.00"), ("gross", "28,142.40"), ("vat", "exempt")]


def test_keys_of_a_program_are_told_as_words_and_what_people_wrote_is_not_touched() -> None:
    (line,) = tell([entry("case.started", definition_key="offer_approval", label="snake_Case stays", code="PO-4010")])

    assert dict(line.facts) == {
        "definition_key": "Offer approval",
        "label": "snake_Case stays",
        "code": "PO-4010",
    }


def test_a_told_entry_can_be_found_again_among_the_findings() -> None:
    first, second = tell([entry("case.started"), entry("task.created", 2, task_id="T1")])

    assert (first.id, second.id) == ("E1", "E2")
