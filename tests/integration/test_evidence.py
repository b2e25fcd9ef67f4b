"""Evidence packs: what an auditor gets of a case, verified offline; any change of it is found and named."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit.erasing import ErasePersonalData
from audit.keys import RotateLogKey, make_key, read_signer
from audit.timestamps import Roots
from audit.verifier import Malformed, Report, main, read_key, read_roots, verify
from core.errors import Forbidden
from core.identity import SYSTEM, Actor
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from storage.blobs.store import BlobMissing
from tests.engine_world import bpmn, line
from tests.tsa import Authority, AuthorityServer
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.background import publish_checkpoints, sign_checkpoint
from webapp.bootstrap import Application
from webapp.checkpoints import TimestampAuthority, host_of
from webapp.evidence import export
from webapp.operations.network import WebClient

MODEL = bpmn(line('<userTask id="work" name="Work" camunda:candidateGroups="legal"/>', names=("work",)), key="review")
OPTIONS = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@dataclass
class Case:
    """A completed case with a document, and its pack."""

    application: Application
    id: str
    folder: Path
    key: str

    def pack(self) -> Path:
        path = self.folder / "pack.zip"
        with path.open("wb") as out:
            export(self.application, SYSTEM, self.id, out)
        return path

    def files(self, path: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def packed_again(self, files: dict[str, bytes]) -> Path:
        path = self.folder / "again.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    def verify(self, path: Path, key: str | None = None) -> Report:
        return verify(path, read_key(key or self.key))


@pytest.fixture
def case(application: Application, program: Callable[..., Program], tmp_path: Path) -> Case:
    deploy = DeployDefinitions(files=(DeploymentFile(name="review.bpmn", content=MODEL),))
    application.executor.execute(deploy, actor=SYSTEM)
    started = application.executor.execute(StartInstance(definition_key="review"), actor=SYSTEM)
    (task,) = started.tasks
    lawyer = program("jan", "legal")
    assert lawyer.post(f"/tasks/{task.id}/claim").status_code == 200
    for number in (1, 2):
        upload = {"file": (io.BytesIO(b"contract %d" % number), f"Umowa {number} ż.txt"), "title": f"Contract {number}"}
        assert lawyer.post(f"/tasks/{task.id}/documents", data=upload).status_code == 201
    assert lawyer.post(f"/tasks/{task.id}/complete", json={"data": {}}).status_code == 200
    sign_checkpoint(application)
    with application.database.engine.connect() as connection:
        before = connection.scalar(text("SELECT count(*) FROM audit_key"))
    assert before in {0, 1}
    found = Case(application, started.id, tmp_path, "")
    found.pack()
    with application.database.engine.connect() as connection:
        found.key = str(connection.scalar(text("SELECT verifier FROM audit_key")))
    return found


def test_a_pack_is_whole_and_verifies_offline(case: Case) -> None:
    path = case.pack()

    report = case.verify(path)

    assert report.findings == []
    files = {name.partition("/")[2]: content for name, content in case.files(path).items()}
    about = json.loads(files["data/case.json"])
    assert [each["title"] for each in about["documents"]] == ["Contract 1", "Contract 2"]
    assert files[about["documents"][0]["path"]] == b"contract 1"
    assert b"Contract 1" in files["data/index.html"]
    assert files["data/index.pdf"].startswith(b"%PDF")
    types = [json.loads(entry)["type"] for entry in files["data/entries.jsonl"].splitlines()]
    assert types[-1] == "audit.evidence_exported"
    assert {"case.started", "task.completed", "document.filed"} <= set(types)


def test_the_verifier_of_the_pack_runs_alone(case: Case) -> None:
    path = case.pack()
    program = case.folder / "verify.py"
    program.write_bytes(next(content for name, content in case.files(path).items() if name.endswith("/verify.py")))

    done = subprocess.run(
        [sys.executable, "-I", str(program), str(path), "--key", case.key],
        cwd=case.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "Everything is as it was written." in done.stdout


def test_a_bag_has_the_files_that_the_standard_asks_for(case: Case) -> None:
    files = {name.partition("/")[2]: content for name, content in case.files(case.pack()).items()}

    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = {name: content for name, content in files.items() if name.startswith("data/")}
    listed = dict(line.split("  ", 1)[::-1] for line in files["manifest-sha256.txt"].decode().splitlines())
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in payload.items()}
    octets = sum(map(len, payload.values()))
    assert f"Payload-Oxum: {octets}.{len(payload)}\n" in files["bag-info.txt"].decode()


@given(data=st.data())
@settings(max_examples=40, **OPTIONS)  # type: ignore[arg-type]
def test_any_single_change_of_a_pack_is_found_and_named(case: Case, data: st.DataObject) -> None:
    files = case.files(case.folder / "pack.zip")
    name = data.draw(st.sampled_from(sorted(files)))
    other = data.draw(st.sampled_from(sorted(each for each in files if files[each] != files[name])))
    act = data.draw(st.sampled_from(["flip", "cut", "remove", "swap", "insert"]))
    if act == "flip" and files[name]:
        place = data.draw(st.integers(min_value=0, max_value=len(files[name]) - 1))
        bit = 1 << data.draw(st.integers(min_value=0, max_value=7))
        changed = bytearray(files[name])
        changed[place] ^= bit
        files[name] = bytes(changed)
    elif act == "remove":
        del files[name]
    elif act == "swap":
        files[name], files[other] = files[other], files[name]
    elif act == "insert":
        files[f"{name.partition('/')[0]}/data/documents/x.txt"] = b"x"
    else:
        files[name] = files[name][:-1] if files[name] else b"x"
    changed_pack = case.packed_again(files)

    try:
        found = [finding.sentence for finding in case.verify(changed_pack).findings]
    except Malformed as error:
        found = [str(error)]

    bare = "data/documents/x.txt" if act == "insert" else name.partition("/")[2]
    assert any(bare in sentence for sentence in found), (act, name, found)


def resealed(files: dict[str, bytes]) -> dict[str, bytes]:
    """What somebody without the key can do: all manifests fit again, only the seal cannot."""
    base = next(iter(files)).partition("/")[0]

    def manifest(names: list[str]) -> bytes:
        lines = (f"{hashlib.sha256(files[each]).hexdigest()}  {each.partition('/')[2]}\n" for each in sorted(names))
        return "".join(lines).encode()

    files[f"{base}/manifest-sha256.txt"] = manifest([each for each in files if each.startswith(f"{base}/data/")])
    beside = {f"{base}/tagmanifest-sha256.txt", f"{base}/seal.note"}
    tags = [each for each in files if not each.startswith(f"{base}/data/") and each not in beside]
    files[f"{base}/tagmanifest-sha256.txt"] = manifest(tags)
    return files


@pytest.mark.parametrize("act", ["change", "remove", "remove the last", "swap", "insert"])
def test_changed_entries_are_named_even_when_every_manifest_fits(case: Case, act: str) -> None:
    files = case.files(case.pack())
    names = {kind: next(each for each in files if each.endswith(kind)) for kind in ("/entries.jsonl", "/proofs.jsonl")}
    rows = [files[each].splitlines(keepends=True) for each in names.values()]
    if act == "change":
        rows[0][1] = rows[0][1].replace(b'"actor":"', b'"actor":"x')
    for lines in rows:
        if act == "remove":
            del lines[1]
        elif act == "remove the last":
            del lines[-1]
        elif act == "swap":
            lines[1], lines[2] = lines[2], lines[1]
        elif act == "insert":
            lines.insert(1, lines[1])
    for name, lines in zip(names.values(), rows, strict=True):
        files[name] = b"".join(lines)

    found = case.verify(case.packed_again(resealed(files))).findings

    assert {each.place for each in found} >= {"tagmanifest-sha256.txt"}
    assert any(each.place.startswith("entry ") or "entries" in each.place for each in found), found


def test_a_pack_that_somebody_else_signed_is_no_evidence(case: Case) -> None:
    eve = read_signer(make_key("eve"))

    report = case.verify(case.pack(), str(eve.key))

    assert {each.problem for each in report.findings} == {"signature"}


@pytest.mark.parametrize("is_first", [False, True])
def test_an_index_sealed_by_another_key_of_the_same_name_never_rests_on_the_log_s_key(
    case: Case, is_first: bool
) -> None:
    """No key is given: the checkpoint is the log's, index and seal are somebody else's, who adds a key to keys.txt."""
    eve = read_signer(make_key(case.key.partition("+")[0]))
    files = case.files(case.pack())
    name = {each.partition("/")[2]: each for each in files}
    files[name["data/index.html"]] += b"<p>And paid twice."
    keys = [str(eve.key), case.key] if is_first else [case.key, str(eve.key)]
    files[name["keys.txt"]] = "".join(f"{each}\n" for each in keys).encode()
    if is_first:
        words = eve.note(f"{eve.key.name}/key\n{case.key}\n2026-01-01T00:00:00.000000Z\n")
        files[name["data/rotations.jsonl"]] = json.dumps(words).encode() + b"\n"
    files = resealed(files)
    digest = hashlib.sha256(files[name["tagmanifest-sha256.txt"]]).hexdigest()
    files[name["seal.note"]] = eve.note(f"{eve.key.name}/evidence\n{digest}\n{case.id}\nat x\n").encode()

    path = case.packed_again(files)
    report = verify(path)

    assert f"All of it rests on the key {keys[0]}." in report.remarks
    assert [each.place for each in report.findings] == ([] if is_first else ["seal.note"])
    assert [each.problem for each in case.verify(path).findings] == ["signature"]


def test_the_key_from_before_a_rotation_still_verifies(case: Case) -> None:
    case.application.executor.execute(RotateLogKey(), actor=SYSTEM)

    report = case.verify(case.pack())

    assert report.findings == []


def test_all_keys_that_the_firm_prints_after_a_rotation_are_taken_from_one_file(case: Case) -> None:
    case.application.executor.execute(RotateLogKey(), actor=SYSTEM)
    path, printed = case.pack(), case.folder / "keys.txt"
    names = {name.partition("/")[2]: content for name, content in case.files(path).items()}
    printed.write_bytes(names["keys.txt"])

    assert len(printed.read_text().splitlines()) == 2
    assert main([str(path), "--key", str(printed)]) == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense", b"a+b+c"])
def test_a_key_that_is_none_says_nothing_against_the_pack(
    case: Case, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path, key = case.pack(), case.folder / "key.txt"
    key.write_bytes(content)

    assert main([str(path), "--key", str(key)]) == 2
    assert main([str(path), "--key", str(case.folder / "none.txt")]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("name", ["entries.jsonl", "case.json", "consistency.jsonl", "rotations.jsonl"])
def test_a_file_nested_without_end_is_a_finding(case: Case, name: str) -> None:
    files = case.files(case.pack())
    (place,) = (each for each in files if each.endswith(f"data/{name}"))

    report = case.verify(case.packed_again({**files, place: b"[" * 200_000}))

    assert any("another form" in each.sentence for each in report.findings)


def test_what_was_erased_is_not_in_the_pack_and_it_still_verifies(case: Case) -> None:
    with case.application.database.engine.connect() as connection:
        subjects = list(connection.scalars(text("SELECT DISTINCT subject FROM audit_personal")))
    for subject in subjects:
        case.application.executor.execute(ErasePersonalData(subject=subject, reason="asked"), actor=SYSTEM)

    path = case.pack()

    assert case.verify(path).findings == []
    (opened,) = [content for name, content in case.files(path).items() if name.endswith("/personal.jsonl")]
    assert b"Contract 1" not in opened


def test_another_program_finds_the_bag_whole_and_sees_every_change(case: Case) -> None:
    with zipfile.ZipFile(case.pack()) as archive:
        archive.extractall(case.folder / "unpacked")
    (folder,) = (case.folder / "unpacked").iterdir()

    bag = bagit.Bag(str(folder))
    bag.validate()

    assert bag.version_info == (1, 0)
    assert bag.info["Payload-Oxum"] == f"{_octets(folder / 'data')}.{len(list(bag.payload_files()))}"
    assert bag.info["External-Identifier"] == case.id
    assert set(bag.tagfile_entries()) == {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "keys.txt", "verify.py"}
    (folder / "data" / "case.json").write_bytes(b"{}")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(folder)).validate()


def _octets(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_time_stamp_travels_with_the_pack_and_is_verified_there(case: Case) -> None:
    server = AuthorityServer(Authority())
    roots = case.folder / "roots.pem"
    roots.write_bytes(server.authority.root_pem)
    web = WebClient([host_of(server.url)], largest=65536, inside=True)
    place = TimestampAuthority(web, server.url, Roots(roots), every=60)
    assert publish_checkpoints(case.application, place, now=True) is None
    server.stop()
    path = case.pack()

    plain, trusting = case.verify(path), verify(path, read_key(case.key), read_roots(roots))
    roots.write_bytes(Authority().root_pem)
    stranger = verify(path, read_key(case.key), read_roots(roots))

    assert (plain.findings, trusting.findings) == ([], [])
    assert any("Whether to believe that was not checked" in each for each in plain.remarks)
    assert any("one that you trust" in each for each in trusting.remarks)
    assert [each.problem for each in stranger.findings] == ["timestamp"]
    assert main([str(path), "--key", case.key, "--authority", str(roots)]) == 1


def test_a_document_whose_bytes_are_gone_is_never_left_out_silently(case: Case) -> None:
    case.application.blobs.delete(hashlib.sha256(b"contract 1").hexdigest())

    with pytest.raises(BlobMissing):
        case.pack()


def test_only_auditors_get_evidence(case: Case, program: Callable[..., Program], anna: Any) -> None:
    with pytest.raises(Forbidden):
        export(
            case.application, Actor(id="x", name="X", permissions=frozenset({"case.read_all"})), case.id, io.BytesIO()
        )
    auditor, clerk = program("ewa", "auditor"), program("ola", "sales_rep")
    entry = auditor.get("/audit/entries").json["items"][0]["id"]

    assert auditor.get("/audit/checkpoint").json["keys"] == [case.key]
    assert auditor.get(f"/audit/proof/{entry}").json["entry"] == entry
    assert clerk.get("/audit/checkpoint").status_code == 403
    assert clerk.get(f"/audit/proof/{entry}").status_code == 403
    log_in(anna)
    assert anna.post(f"/cases/{case.id}/evidence").status_code in {400, 403}


def test_an_auditor_loads_the_pack_from_the_page_of_the_trail(
    case: Case, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("ewa", "auditor", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    assert b"Evidence pack" in browser.get(f"/cases/{case.id}/trail").data

    answer = browser.post(f"/cases/{case.id}/evidence", data={"csrf_token": form_token(browser)})

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    path = case.folder / "loaded.zip"
    path.write_bytes(answer.data)
    answer.close()
    assert case.verify(path).findings == []


def test_the_command_tells_what_it_found(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    path = case.pack()

    assert main([str(path)]) == 0
    assert "Compare this key" in capsys.readouterr().out
    assert main([str(case.folder / "none.zip")]) == 2
    (case.folder / "none.zip").write_bytes(b"no archive")
    assert main([str(case.folder / "none.zip")]) == 1
    assert "no evidence pack" in capsys.readouterr().err
