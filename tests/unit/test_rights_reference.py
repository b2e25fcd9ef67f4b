"""Which role brings which right, which command asks for it, and that administrators only configure."""

from __future__ import annotations

import pytest

from core.executor import REGISTRY
from webapp.accounts.reference import PAGE, page
from webapp.accounts.roles import DRAWING, EMERGENCY, ROLE_PERMISSIONS, permissions_of
from webapp.bootstrap import load_contexts

CONFIGURES = {
    "account.administer",
    "crm.administer",
    "document.administer",
    "template.edit",
    "webhook.administer",
} | DRAWING


def test_the_reference_tells_every_role_right_and_command() -> None:
    assert PAGE.read_text() == page(), "python -m webapp.accounts.reference writes it anew"


def test_administrators_have_no_right_but_to_configure_and_to_open_emergency_access() -> None:
    assert permissions_of(["admin"]) == CONFIGURES | {"emergency.open"}


def test_emergency_access_changes_nothing_but_notes_filters_and_results_of_looking_at_signatures() -> None:
    load_contexts()

    allowed = {command.__name__ for command in REGISTRY.commands() if REGISTRY.of(command).needs in EMERGENCY}
    assert allowed == {"WriteNote", "EditNote", "SaveFilter", "DropFilter", "RecordSignatures"}


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_only_administrators_look_after_accounts(role: str) -> None:
    assert ("account.administer" in permissions_of([role])) is (role == "admin")
