"""Reviews of projects: a process asks for them, decides, and deploys what somebody else than its authors agreed to."""

from sqlalchemy import select
from sqlalchemy.orm import undefer

from core.errors import Forbidden
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine.definitions import DeployDefinitions, deploy_definitions, refuse
from engine.errors import FourEyes
from engine.reasons import given
from engine.studio.blank import NewFile
from engine.studio.checking import check, deployable
from engine.studio.errors import ProjectClosed
from engine.studio.events import ProjectPublished, ProjectReturned, ProjectSubmitted
from engine.studio.models import ProjectFileRow, ProjectRow
from engine.studio.projects import DRAFT, digest_of, lock_project, open_project
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawProject(Command):
    """Take a project out of its review, to go on with it."""

    project_id: str
    reason: str


def submit(unit: UnitOfWork, project_id: str, *, case: str, note: str | None) -> ProjectRow:
    """Close a project for its review in this case.

    Raises `ProjectNotFound`, `ProjectClosed`, and `DeploymentRefused` while something in it could not be deployed.
    """
    if not unit.actor.may(DRAFT):
        raise Forbidden("Only those who draw processes can ask for a review of them.", needs=DRAFT)
    row = open_project(unit, project_id)
    files = files_of(unit, row.id)
    refuse(check(unit, files).findings)
    row.state, row.review_case, row.review_note = "review", case, note
    digests = {file.name: digest_of(file.content) for file in files}
    unit.emit(ProjectSubmitted(project_id=row.id, files=digests, note=note, instance_id=case))
    return row


def give_back(unit: UnitOfWork, project_id: str, *, case: str, reason: str) -> None:
    """Open a project again; one that this case does not review stays what it is. Raises `ProjectNotFound`."""
    row = lock_project(unit, project_id)
    if row.state == "review" and row.review_case == case:
        _open(row)
        unit.emit(ProjectReturned(project_id=row.id, reason=given(reason), instance_id=case))


def publish(unit: UnitOfWork, project_id: str, *, case: str, agreed_by: str) -> tuple[str, ...]:
    """Deploy a project that was reviewed in this case; the ids of what its files define.

    Raises `ProjectNotFound`, `ProjectClosed` when it was withdrawn, `Forbidden`, `FourEyes` when who agreed has changed
    something of it since it was deployed last, and `DeploymentRefused`.
    """
    row = lock_project(unit, project_id)
    if row.state != "review" or row.review_case != case:
        raise ProjectClosed(f"The project {row.name} was withdrawn from this review.", project=row.id, state=row.state)
    if not unit.actor.may("definition.deploy"):
        raise Forbidden("You may review the project, but not deploy it.", needs="definition.deploy")
    if agreed_by in row.contributors:
        raise FourEyes(
            f"You have changed {row.name} yourself since it was published last; somebody else must agree to it.",
            authors=sorted(row.contributors),
        )
    files = files_of(unit, row.id)
    done = deploy_definitions(DeployDefinitions(files=deployable(files)), unit)
    authors, row.contributors = tuple(row.contributors), []
    row.published_at, row.published_by = unit.clock.now(), agreed_by
    _open(row)
    made = tuple(each.id for each in done)
    unit.emit(
        ProjectPublished(project_id=row.id, definitions=made, authors=authors, agreed_by=agreed_by, instance_id=case)
    )
    return made


@handles(WithdrawProject, needs=DRAFT)
def withdraw_project(command: WithdrawProject, unit: UnitOfWork) -> None:
    """Raises `ProjectNotFound`, `ProjectClosed` when it is in no review, `InvalidInput`."""
    reason, row = given(command.reason), lock_project(unit, command.project_id)
    if row.state != "review":
        raise ProjectClosed(f"The project {row.name} is in no review.", project=row.id, state=row.state)
    _open(row)
    unit.emit(ProjectReturned(project_id=row.id, reason=reason, instance_id=None))


def files_of(view: Reading, project_id: str) -> tuple[NewFile, ...]:
    """The files of a project with their contents, by name."""
    query = (
        select(ProjectFileRow)
        .where(ProjectFileRow.project_id == project_id)
        .order_by(ProjectFileRow.name)
        .options(undefer(ProjectFileRow.content))
    )
    return tuple(NewFile(name=row.name, content=row.content) for row in view.session.scalars(query))


def _open(row: ProjectRow) -> None:
    row.state, row.review_case, row.review_note = "draft", None, None
