from __future__ import annotations

import gc

import pytest

from core.loading import loading


def test_cycles_are_collected_again_after_loading_even_when_it_fails() -> None:
    assert gc.isenabled()

    with loading():
        assert not gc.isenabled()
        with loading():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()

    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
