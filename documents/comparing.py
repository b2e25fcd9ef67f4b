"""Comparing two versions of a document: their texts side by side; who looked stands in the trail."""

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import require_visible
from documents.content.queries import text_of
from documents.differences import Difference, differences
from documents.queries import DocumentVersion, version
from documents.reading import ReadDocument, read_document
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitOfWork

LARGEST = 2 << 20  # bytes of a plain text that is compared
PLAIN = ("text/", "application/json", "application/xml", "message/rfc822")  # beginnings of types that are text


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareVersions(Command):
    """Ask what differs between two versions of a document."""

    document_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions and their texts; None where a version has no text that could be read."""

    before: DocumentVersion
    after: DocumentVersion
    texts: tuple[str, str] | None

    @property
    def is_same_content(self) -> bool:
        """Whether both have the same bytes."""
        return self.before.digest == self.after.digest

    def difference(self) -> Difference | None:
        """What differs in the texts, None without texts; takes time, so ask it outside a transaction."""
        return None if self.texts is None else differences(*self.texts)


@handles(CompareVersions, needs=None)
def compare_versions(command: CompareVersions, unit: UnitOfWork) -> Compared:
    """Both versions with their texts; both are read, and the trail says so.

    Raises `DocumentNotFound`, `VersionNotFound`, `InvalidInput` for a version compared with itself.
    """
    require_visible(unit, command.document_id)
    if command.before == command.after:
        sentence = "Choose two different versions."
        raise InvalidInput(sentence, fields={"/before": sentence})
    before, after = (version(unit, command.document_id, n) for n in (command.before, command.after))
    for each in (before, after):
        read_document(ReadDocument(document_id=each.document_id, n=each.n), unit)
    old, new = text_of_version(unit, before), text_of_version(unit, after)
    return Compared(before=before, after=after, texts=None if old is None or new is None else (old, new))


def text_of_version(view: Reading, found: DocumentVersion) -> str | None:
    """The text of a version, None where it has none that can be read."""
    text = text_of(view, found.document_id, found.n)
    if text is not None or not found.media_type.startswith(PLAIN) or found.size > LARGEST:
        return text
    with view.port(BlobStore).open(found.digest) as stored:  # nobody has read it yet, and it is text itself
        content = stored.read()
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return content.decode(encoding, errors="replace")
