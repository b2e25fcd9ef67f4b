"""Files that are not the Northwind sample are refused with a sentence, before anything is imported."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InvalidInput
from crm.northwind import read_northwind


@pytest.mark.parametrize("kind", ["text", "nothing", "folder", "another database"])
def test_another_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sample.sqlite"
    if kind == "folder":
        path.mkdir()
    elif kind == "another database":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE Customers (Name text)")
    else:
        path.write_text("ALFKI;Alfreds Futterkiste\n" * 100 if kind == "text" else "")

    with pytest.raises(InvalidInput, match=r"sample\.sqlite is not the SQLite file of the Northwind sample"):
        read_northwind(path)
