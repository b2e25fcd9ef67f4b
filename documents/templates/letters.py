"""One letter: a template filled in for a record, filed and linked to it."""

from dataclasses import replace

from core.errors import Forbidden
from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from documents.filing import FiledDocument, FileDocument, file
from documents.hosting import Host
from documents.intake import Received, receive
from documents.links import DocumentLink, require_targets
from documents.packages.sources import Source, note_sources
from documents.templates.registering import USE, TemplateView, filled
from documents.templates.registering import template as template_in_force
from documents.templates.sources import MergeFields
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import UnitOfWork

LARGEST = 100 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterOrder:
    """What to write: which template, about which record, as `pdf` or `docx`."""

    template_id: str
    record_id: str
    output: str = "pdf"
    title: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLetter(Command):
    """File a letter that was made."""

    order: LetterOrder
    template: TemplateView
    blob: Received


def write_letter(host: Host, order: LetterOrder, *, actor: Actor) -> FiledDocument:
    """Fill in and file. Raises `Forbidden`, `TemplateNotFound`, `TemplateRefused`, `NotFound`."""
    if not actor.may(USE):
        raise Forbidden(f"You do not have the right to do this ({USE}).", permission=USE)
    with host.units.reading(actor) as view:
        kind = template_in_force(view, order.template_id).kind
        order = replace(order, record_id=view.port(MergeFields).id_of(view, kind, order.record_id))
    content, template = filled(host, order.template_id, order.record_id, actor=actor, pdf=order.output == "pdf")
    blob = stored(host, actor, content)
    made: FiledDocument = host.executor.execute(FileLetter(order=order, template=template, blob=blob), actor=actor)
    return made


def stored(host: Host, actor: Actor, content: bytes) -> Received:
    """Content in the blob store, announced; whoever files it claims it."""
    import io

    with host.units.reading(actor) as view:
        blobs, staging = view.port(BlobStore), view.port(Staging)
    return receive(io.BytesIO(content), announced=None, limit=LARGEST, store=blobs, announce=staging.announce)


@handles(FileLetter, needs=USE)
def file_letter(command: FileLetter, unit: UnitOfWork) -> FiledDocument:
    """Raises `TargetNotVisible`."""
    order, template = command.order, command.template
    link = DocumentLink(kind=template.kind, id=order.record_id, role="letter")
    require_targets(unit, [link.target])
    title = order.title or template.title
    filing = FileDocument(
        title=title, type=order.type, blob=command.blob, file_name=f"{title}.{order.output}", links=(link,)
    )
    made = file(unit, filing)
    source = Source(
        document_id=template.id, n=template.n, digest=template.digest, title=template.title, purpose="template"
    )
    note_sources(unit, made.id, made.version, [source])
    return made
