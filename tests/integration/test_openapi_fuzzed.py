"""Odd requests, made from the description of the API: no answer is a fault, and each is as the description says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from core.identity import SYSTEM
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application

ASKED = 6  # odd requests of each operation
TOLD_ELSEWHERE = [positive_data_acceptance]  # a schema cannot say all that makes an input right


@pytest.fixture
def token(application: Application, add_account: Callable[..., str]) -> str:
    """Of a program that may everything: no request ends at a missing right."""
    add_account("everything", *ROLE_PERMISSIONS)
    return str(application.executor.execute(CreateToken(name="everything"), actor=SYSTEM).token)


def test_every_operation_answers_odd_requests_as_it_is_described(app: Flask, token: str) -> None:
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)

    broken = list(_broken(described.get_all_operations(), {"Authorization": f"Bearer {token}"}))

    assert not broken, "\n\n".join(broken)


def _broken(operations: Any, headers: dict[str, str]) -> Iterator[str]:
    for each in operations:
        operation = each.ok()
        try:
            _ask(operation, headers)
        except AssertionError as error:
            yield f"{operation.label}: {error}"
        except BaseExceptionGroup as errors:
            yield f"{operation.label}: {errors.exceptions}"


def _ask(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=ASKED,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        deadline=None,
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=TOLD_ELSEWHERE)

    ask()
