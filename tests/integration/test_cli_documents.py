"""`obieg documents import`: a folder is taken over once, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

from tests.served import run


def test_a_folder_is_taken_over_and_gone_on_with(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "papers"
    (folder / "2025").mkdir(parents=True)
    (folder / "Umowa.pdf").write_bytes(b"%PDF-1.7 umowa")
    (folder / "2025" / "Faktura.pdf").write_bytes(b"%PDF-1.7 faktura")
    (folder / "2025" / "Copy of Umowa.pdf").write_bytes(b"%PDF-1.7 umowa")
    (folder / "link.pdf").symlink_to("/etc/passwd")
    (folder / ".hidden").write_text("x")

    rehearsed = run(data, "documents", "import", str(folder), "--dry-run")
    first = run(data, "documents", "import", str(folder))
    (folder / "New.pdf").write_bytes(b"%PDF-1.7 new")
    second = run(data, "documents", "import", str(folder))

    assert rehearsed.stdout == "3 files would be filed, 0 were before.\n", rehearsed.stderr
    assert first.stdout == "Filed 2; 1 were filed already under another name, 0 in an earlier run; 0 refused.\n"
    assert second.stdout == "Filed 1; 0 were filed already under another name, 3 in an earlier run; 0 refused.\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_what_is_refused_is_named_with_its_reason(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "papers"
    folder.mkdir()
    (folder / "large.bin").write_bytes(bytes(2000))
    (folder / "small.bin").write_bytes(b"x")

    done = run(data, "documents", "import", str(folder), OBIEG_MAX_UPLOAD="1K")

    assert done.returncode == 1
    assert "large.bin: The file is larger than 1 KiB" in done.stderr
    assert done.stdout.startswith("Filed 1;")
