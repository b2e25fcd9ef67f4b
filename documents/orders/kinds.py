"""What can be ordered: how each is checked before it begins, whether it is small, and how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from core.errors import Forbidden
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.content import office
from documents.filing import FiledDocument
from documents.hosting import Host
from documents.links import DocumentLink
from documents.packages.assembling import FILE, OURS, FilePackage, PackageOrder, Part, assemble, checked
from documents.packages.stamping import FileApprovals, stamp_approvals
from documents.queries import document, version
from documents.signatures.keys import seal_certificate
from documents.signatures.sealing import SEAL, FileSeal, SealOrder, require_pdf, seal
from documents.templates.letters import FileLetter, LetterOrder, write_letter
from documents.templates.registering import USE, template
from storage.unit_of_work import Reading

FEW = 10  # documents of a package that is made while somebody waits
SMALL = 20 << 20  # bytes of what is worked on meanwhile
FILING = (FilePackage, FileApprovals, FileSeal, FileLetter)  # the commands that end an order


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsOrder:
    """A page of approvals of a version, the newest where none is named."""

    document_id: str
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An order that can begin: what people call it, and whether it is done in seconds."""

    title: str
    is_small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of orders; `make` gets the seconds that it may take, None for as many as a worker has."""

    right: str
    load: Callable[[Mapping[str, Any]], Any]
    check: Callable[[Reading, Any], Checked]
    make: Callable[[Host, Any, Actor, int | None], FiledDocument]


def _package(wish: Mapping[str, Any]) -> PackageOrder:
    return PackageOrder(
        title=wish["title"],
        parts=tuple(Part(**each) for each in wish["parts"]),
        links=tuple(DocumentLink(**each) for each in wish["links"]),
        stamps=wish["stamps"],
        attach=wish["attach"],
    )


def _check_package(view: Reading, order: PackageOrder) -> Checked:
    title, parts = checked(view, order)
    converts = office.is_installed() and any(
        each.media_type in office.ENDINGS and each.media_type not in OURS for each in parts
    )
    small = len(parts) <= FEW and sum(each.size for each in parts) <= SMALL
    return Checked(title=title, is_small=small and not converts)


def _check_approvals(view: Reading, order: ApprovalsOrder) -> Checked:
    of = version(view, order.document_id, order.n) if order.n else document(view, order.document_id).latest
    return Checked(title=f"Page of approvals of {of.title}", is_small=of.size <= SMALL)


def _check_seal(view: Reading, order: SealOrder) -> Checked:
    newest = document(view, order.document_id).latest
    require_pdf(newest)
    settings = view.port(Settings)
    seal_certificate(settings, view.clock.now())
    return Checked(title=newest.title, is_small=newest.size <= SMALL and not settings.seal_timestamps)


def _check_letter(view: Reading, order: LetterOrder) -> Checked:
    found = template(view, order.template_id)
    converts = office.is_installed() and order.output == "pdf"
    return Checked(title=order.title or found.title, is_small=not converts)


KINDS: Mapping[type, tuple[str, Kind]] = {
    PackageOrder: (
        "package",
        Kind(
            right=FILE,
            load=_package,
            check=_check_package,
            make=lambda host, order, actor, seconds: assemble(host, order, actor=actor, seconds=seconds),
        ),
    ),
    ApprovalsOrder: (
        "approvals",
        Kind(
            right=FILE,
            load=lambda wish: ApprovalsOrder(**wish),
            check=_check_approvals,
            make=lambda host, order, actor, seconds: stamp_approvals(
                host, order.document_id, order.n, actor=actor, seconds=seconds
            ),
        ),
    ),
    SealOrder: (
        "seal",
        Kind(
            right=SEAL,
            load=lambda wish: SealOrder(**wish),
            check=_check_seal,
            make=lambda host, order, actor, seconds: seal(host, order, actor=actor, seconds=seconds),
        ),
    ),
    LetterOrder: (
        "letter",
        Kind(
            right=USE,
            load=lambda wish: LetterOrder(**wish),
            check=_check_letter,
            make=lambda host, order, actor, _seconds: write_letter(host, order, actor=actor),
        ),
    ),
}
BY_NAME = dict(KINDS.values())


def kind_of(order: Any) -> tuple[str, Kind]:
    """The kind of an order, and its name."""
    return KINDS[type(order)]


def check(view: Reading, order: Any) -> Checked:
    """Whether it can begin. Raises `Forbidden` and what the work itself would refuse with at its beginning."""
    _, kind = kind_of(order)
    if not view.actor.may(kind.right):
        raise Forbidden(f"You do not have the right to do this ({kind.right}).", permission=kind.right)
    return kind.check(view, order)


def stored(order: Any) -> dict[str, Any]:
    """The order as JSON data."""
    return asdict(order)


def ends_order(command: Command) -> bool:
    """Whether this is the command that files what was ordered."""
    return isinstance(command, FILING)
