from __future__ import annotations

import re

import pytest

from documents.qr_code import MARGIN, qr_code

FINDER = 7  # modules to each side of the marks in three corners


@pytest.mark.parametrize("text", ["a", "otpauth://totp/Obieg:anna?secret=" + "A" * 32, "ż" * 100])
def test_a_qr_code_has_its_three_marks_and_a_quiet_zone(text: str) -> None:
    code = qr_code(text)

    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", code.path)}
    far = code.size - MARGIN - FINDER
    for left, top in ((MARGIN, MARGIN), (far, MARGIN), (MARGIN, far)):
        assert {(left + step, top) for step in range(FINDER)} <= dark
        assert (left + 1, top + 1) not in dark
        assert (left + 3, top + 3) in dark
    assert all(MARGIN <= x < code.size - MARGIN and MARGIN <= y < code.size - MARGIN for x, y in dark)
