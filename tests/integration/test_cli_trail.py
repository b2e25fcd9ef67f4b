"""The commands of the trail, from the case to the verified pack."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine_world import bpmn, line
from tests.integration.test_cli_commands import Obieg, obieg

__all__ = ["obieg"]
MODEL = bpmn(line('<userTask id="work" name="Work" camunda:candidateGroups="legal"/>', names=("work",)), key="review")


def test_the_log_is_signed_checked_and_its_key_rotated(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "review.bpmn").write_bytes(MODEL)
    assert obieg("migrate").returncode == 0
    assert obieg("deploy", str(tmp_path / "review.bpmn")).returncode == 0

    signed = obieg("audit", "sequence")
    first = obieg("audit", "key").stdout.split()
    both = obieg("audit", "key", "--rotate").stdout.split()
    again = obieg("audit", "sequence")
    checked = obieg("audit", "check")

    assert signed.stdout.splitlines()[0] == first[0].partition("+")[0]
    assert both[0] == first[0]
    assert len(both) == 2
    assert again.returncode == 0
    assert (checked.returncode, checked.stdout) == (0, "")
    assert (tmp_path / "data" / "checkpoints" / "keys.txt").read_text().split() == both


def test_checkpoints_that_are_gone_from_their_place_and_those_that_somebody_kept_are_compared(
    obieg: Obieg, tmp_path: Path
) -> None:
    (tmp_path / "review.bpmn").write_bytes(MODEL)
    assert obieg("migrate").returncode == 0
    assert obieg("deploy", str(tmp_path / "review.bpmn")).returncode == 0
    kept = tmp_path / "mailed.note"
    kept.write_text(obieg("audit", "sequence").stdout)
    other = tmp_path / "other.note"
    other.write_text(kept.read_text().replace("\nat ", "x\nat "))
    for path in (tmp_path / "data" / "checkpoints").glob("0*.note"):
        path.unlink()

    lost = obieg("audit", "check", "--checkpoint", str(kept))
    forged = obieg("audit", "check", "--json", "--checkpoint", str(other))

    assert (lost.returncode, len(lost.stdout.splitlines())) == (1, 1)
    assert lost.stdout.startswith("A checkpoint was removed from the folder ")
    assert [each["problem"] for each in json.loads(forged.stdout)["findings"]] == ["changed", "removed"]


def test_a_case_that_is_not_there_has_no_evidence(obieg: Obieg, tmp_path: Path) -> None:
    assert obieg("migrate").returncode == 0

    done = obieg("export", "instance", "0" * 26, str(tmp_path / "pack.zip"))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*pack.zip*")) == []


def test_what_is_no_pack_is_a_finding(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(b"x")

    done = obieg("verify", str(tmp_path / "pack.zip"))

    assert done.returncode == 1
    assert "no evidence pack" in done.stderr
