"""The small processes that designers start from: their scenarios, and all of their diagrams and rules."""

import pytest

from engine.scenarios import play
from processes import PACKAGES
from processes.document_review import PACKAGE as DOCUMENT_REVIEW
from processes.greeting import PACKAGE as GREETING
from processes.leave_request import PACKAGE as LEAVE_REQUEST
from processes.package import Package


@pytest.mark.parametrize("package", [LEAVE_REQUEST, DOCUMENT_REVIEW, GREETING], ids=lambda package: package.key)
def test_every_scenario_passes_and_together_they_use_all_of_the_diagram(package: Package) -> None:
    (file,) = package.scenarios()

    played = play(file)

    assert {result.name: result.failures for result in played.results if not result.ok} == {}
    assert played.unused() == ([], [])
    assert package in PACKAGES
