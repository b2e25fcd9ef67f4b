"""Deploying processes, decisions and forms: all files of a deployment are accepted together, or none is."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from sqlalchemy import func, select, text

from core.executor import handles
from core.ids import new_id, successor
from core.messages import Command
from core.records import dataclass
from engine import beside, starting
from engine.bpmn import Findings, Known, check_bpmn
from engine.bpmn.model import Process
from engine.decisions import check_dmn
from engine.dmn.imports import Files, as_text, by_namespace, imported_files, missing_imports, namespace_of
from engine.errors import DeploymentRefused
from engine.events import DefinitionDeployed
from engine.forms import check_form
from engine.handlers import HANDLERS
from engine.models import DefinitionRow, StartEventRow
from engine.ports import DocumentTypes
from engine.ready import OPERATIONS
from storage.unit_of_work import Reading, UnitOfWork

TEMPLATES = (".docx", ".typ")
LOCK = 7_203_110_013  # advisory lock: deployments happen one after the other, so that versions have no gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFile:
    """A file to deploy; its name tells what it is: `.bpmn`, `.dmn`, `.form`, or a template, `.docx` or `.typ`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedDefinition:
    """A process, decision or form as it is deployed now; `kind` is process, decision, form or template."""

    id: str
    key: str
    version: int
    digest: str
    name: str
    kind: str
    remarks: tuple[str, ...] = ()  # what is worth a second look, a sentence each


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployDefinitions(Command):
    """Make files executable; a file whose content is deployed already keeps its version."""

    files: tuple[DeploymentFile, ...]
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Something that a file defines, before it has a version."""

    kind: str
    key: str
    name: str
    file: DeploymentFile
    info: dict[str, Any]
    process: Process | None = None


@handles(DeployDefinitions, needs="definition.deploy")
def deploy_definitions(command: DeployDefinitions, unit: UnitOfWork) -> tuple[DeployedDefinition, ...]:
    """Check all files against each other and what is deployed, then give each definition its version.

    Raises `DeploymentRefused` with every finding of every file; nothing is deployed then. A dry run does everything
    but keep it.
    """
    unit.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    drafts, findings = check_with_deployed(command.files, unit)
    refuse(findings)
    together = beside.tied(drafts)
    rows = [_deploy(draft, together.get(draft.key, {}), unit) for draft in drafts]
    beside.tie(rows, together)
    remarks = _unknown_types(drafts, unit)
    deployed = tuple(view_of(row, remarks.get(draft.key, ())) for row, draft in zip(rows, drafts, strict=True))
    if command.dry_run:
        unit.start_over()
    return deployed


def check_with_deployed(files: tuple[DeploymentFile, ...], view: Reading) -> tuple[list[Draft], Findings]:
    """What the files define, and what would be found if they were deployed now; some of it are remarks only."""
    drafts, findings = check_files(files, _deployed(view), lambda missing: _deployed_imports(view, missing))
    findings += _message_taken(drafts, view)
    return drafts, findings


def check_files(
    files: tuple[DeploymentFile, ...],
    known: Known,
    deployed_imports: Callable[[set[str]], dict[str, bytes]] = lambda _missing: {},
) -> tuple[list[Draft], Findings]:
    """What the files define, and all findings; forms and decisions of the same files count as known.

    Models that decisions import are looked for among the files, then asked of `deployed_imports` by namespace.
    """
    findings = Findings("")
    drafts: list[Draft] = []
    library = _library(files, deployed_imports)
    for file in files:
        if not file.name.lower().endswith(".bpmn"):
            found = _check_other(file, library)
            drafts += found[0]
            findings += found[1]
    known = Known(
        handlers=known.handlers,
        deferred=known.deferred,
        forms=_more(known.forms, drafts, "form"),
        decisions=_more(known.decisions, drafts, "decision"),
        templates=_more(known.templates, drafts, "template"),
    )
    for file in files:
        if file.name.lower().endswith(".bpmn"):
            checked = check_bpmn(file.name, file.content, known)
            findings += checked.findings
            drafts += [_process_draft(process, file) for process in checked.processes]
    findings += _twice(drafts)
    findings += beside.check_calls(drafts, known.processes)
    return drafts, findings


def refuse(findings: Findings) -> None:
    """Raise `DeploymentRefused` when a finding is an error."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise DeploymentRefused(
            f"Nothing was deployed: {errors[0]}{more}", findings=[finding.to_json() for finding in findings]
        )


def _library(
    files: tuple[DeploymentFile, ...], deployed_imports: Callable[[set[str]], dict[str, bytes]]
) -> dict[str, bytes]:
    models = [file.content for file in files if file.name.lower().endswith(".dmn")]
    library = by_namespace(models)
    missing = {namespace for content in models for namespace in missing_imports(content, library)}
    return {**deployed_imports(missing), **library} if missing else library


def _check_other(file: DeploymentFile, library: Files) -> tuple[list[Draft], Findings]:
    findings = Findings(file.name)
    lower = file.name.lower()
    if lower.endswith(".form"):
        form = check_form(file.content, findings)
        made = [] if form is None else [Draft(kind="form", key=form.key, name=form.name, file=file, info={})]
        return made, findings
    if lower.endswith(".dmn"):
        decisions = check_dmn(file.content, findings, library)
        info = _decision_info(file.content, library) if decisions else {}
        return [
            Draft(kind="decision", key=decision.id, name=decision.name, file=file, info=info) for decision in decisions
        ], findings
    if lower.endswith(TEMPLATES):
        return _template(file, findings), findings
    findings.error("file-kind", "Only .bpmn, .dmn, .form and templates (.docx, .typ) can be deployed.")
    return [], findings


def _template(file: DeploymentFile, findings: Findings) -> list[Draft]:
    """A template of documents, under the name of its file; what it asks for is seen when it is filled in."""
    name = PurePath(file.name).name
    if name.lower().endswith(".docx") and not file.content.startswith(b"PK"):
        findings.error("template", "The file is not a Word document (.docx).")
        return []
    if name.lower().endswith(".typ"):
        try:
            file.content.decode()
        except UnicodeDecodeError:
            findings.error("template", "The Typst template is not text in UTF-8.")
            return []
    return [Draft(kind="template", key=name, name=name, file=file, info={})]


def _decision_info(content: bytes, library: Files) -> dict[str, Any]:
    """The namespace, and the text of all that is imported: what is deployed later must not change this version."""
    imports = {name: as_text(file) for name, file in imported_files(content, library).items()}
    return {"namespace": namespace_of(content)} | ({"imports": imports} if imports else {})


def _more(known: frozenset[str] | None, drafts: list[Draft], kind: str) -> frozenset[str] | None:
    return None if known is None else known | {draft.key for draft in drafts if draft.kind == kind}


def _process_draft(process: Process, file: DeploymentFile) -> Draft:
    info: dict[str, Any] = {"stages": list(process.stages), "starters": list(process.starters)}
    info |= {"goals": list(process.goals)} if process.goals else {}
    starts = [process.nodes[each] for each in process.starts if process.nodes[each].kind == "startEvent"]
    info |= {"starts": [[start.id, start.name] for start in starts]} if len(starts) > 1 else {}
    info |= {"tag": process.version_tag} if process.version_tag else {}
    info |= {"is_global_task": True} if process.is_global_task else {}
    return Draft(kind="process", key=process.id, name=process.name, file=file, info=info, process=process)


def _twice(drafts: list[Draft]) -> Findings:
    findings, seen = Findings(""), dict[tuple[str, str], str]()
    for draft in drafts:
        findings.file = draft.file.name
        if (draft.kind, draft.key) in seen:
            findings.error(
                "key-twice",
                f"The {draft.kind} {draft.key} is defined in {seen[draft.kind, draft.key]} already.",
                element=draft.key,
            )
        seen[draft.kind, draft.key] = draft.file.name
    return findings


def _message_taken(drafts: list[Draft], view: Reading) -> Findings:
    """A message has one receiver, so it can start one process only."""
    findings = Findings("")
    owners: dict[str, str] = {}
    for row in view.session.scalars(select(StartEventRow).where(StartEventRow.kind.in_(("message", starting.PART)))):
        owners[row.name] = row.definition_key
    for draft in drafts:
        findings.file = draft.file.name
        for element, trigger in draft.process.start_triggers if draft.process is not None else ():
            owner = owners.setdefault(trigger.name or "", draft.key) if trigger.kind == "message" else draft.key
            if owner != draft.key:
                sentence = f"The message {trigger.name} starts the process {owner} already, and has one receiver only."
                findings.error("message-start-taken", sentence, element=element)
    return findings


def _deployed(view: Reading) -> Known:
    query = select(DefinitionRow.kind, DefinitionRow.key).distinct()
    rows = view.session.execute(query).all()
    return Known(
        handlers=HANDLERS.names(),
        deferred=HANDLERS.deferred_names(),
        forms=frozenset(key for kind, key in rows if kind == "form"),
        decisions=frozenset(key for kind, key in rows if kind == "decision"),
        processes=frozenset(key for kind, key in rows if kind == "process"),
        templates=OPERATIONS.templates | frozenset(key for kind, key in rows if kind == "template"),
    )


def _deployed_imports(view: Reading, missing: set[str]) -> dict[str, bytes]:
    """The newest deployed models of these namespaces, and what they imported themselves."""
    query = (
        select(DefinitionRow.info, DefinitionRow.source)
        .where(DefinitionRow.kind == "decision", DefinitionRow.info["namespace"].astext.in_(missing))
        .order_by(DefinitionRow.id)
    )
    found: dict[str, bytes] = {}
    pinned: dict[str, bytes] = {}
    for info, content in view.session.execute(query):
        found[info["namespace"]] = content
        pinned.update((name, text.encode()) for name, text in info.get("imports", {}).items())
    return {**pinned, **found}


def _digest(draft: Draft, together: Mapping[str, Draft]) -> str:
    """Of the file, what it imports and what it calls of the same deployment: it is another one when these change."""
    digest = hashlib.sha256(draft.file.content)
    for namespace, text_ in sorted(draft.info.get("imports", {}).items()):
        digest.update(f"\n{namespace}\n{text_}".encode())
    for key, other in sorted(together.items()):
        digest.update(f"\n{key}\n".encode() + other.file.content)
    return digest.hexdigest()


def _deploy(draft: Draft, together: Mapping[str, Draft], unit: UnitOfWork) -> DefinitionRow:
    digest = _digest(draft, together if draft.kind == "process" else {})
    newest = unit.session.scalar(
        select(DefinitionRow)
        .where(DefinitionRow.kind == draft.kind, DefinitionRow.key == draft.key)
        .order_by(DefinitionRow.version.desc())
        .limit(1)
    )
    if newest is not None and newest.digest == digest:
        return newest
    row = DefinitionRow(
        id=_next_id(unit),
        kind=draft.kind,
        key=draft.key,
        version=1 if newest is None else newest.version + 1,
        name=draft.name,
        digest=digest,
        file_name=draft.file.name,
        source=draft.file.content,
        info=draft.info,
        deployed_at=unit.clock.now(),
        deployed_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.session.flush()  # the next definition's id must sort behind this one
    unit.emit(
        DefinitionDeployed(
            definition_id=row.id, kind=row.kind, key=row.key, version=row.version, digest=digest, name=row.name
        )
    )
    if draft.process is not None:
        starting.register(unit, row, draft.process)
    return row


def _next_id(unit: UnitOfWork) -> str:
    """Greater than every other definition's, whatever this machine's clock says: `catalog` relies on it."""
    greatest = unit.session.scalar(select(func.max(DefinitionRow.id)))
    fresh = new_id()
    return fresh if greatest is None else max(fresh, successor(greatest))


def _unknown_types(drafts: list[Draft], unit: UnitOfWork) -> dict[str, tuple[str, ...]]:
    """Remarks by process: its tasks ask for documents of types that nobody has defined."""
    asked = {
        draft.key: {
            reference.type: node.name or node.id
            for node in draft.process.nodes.values()
            if node.work is not None
            for reference in (*node.work.required, *node.work.shown)
        }
        for draft in drafts
        if draft.process is not None
    }
    wanted = {kind for kinds in asked.values() for kind in kinds}
    unknown = set(unit.port(DocumentTypes).unknown(unit, wanted)) if wanted else set()
    return {
        key: tuple(
            f"{task} names documents of the type {kind}, which is not defined; define it, or correct the key."
            for kind, task in sorted(kinds.items())
            if kind in unknown
        )
        for key, kinds in asked.items()
    }


def view_of(row: DefinitionRow, remarks: tuple[str, ...] = ()) -> DeployedDefinition:
    """What a deployment answers for one definition."""
    return DeployedDefinition(
        id=row.id, key=row.key, version=row.version, digest=row.digest, name=row.name, kind=row.kind, remarks=remarks
    )
