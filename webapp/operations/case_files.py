"""The documents of a case with their content, for operations that work outside the transaction."""

from collections.abc import Sequence

from documents.access import Target
from documents.queries import LinkedDocument, attached
from engine.evidence import task_ids
from engine.handlers import Outside
from storage.blobs.store import BlobStore
from webapp.operations.mailing import CaseFile, MailTooLarge


class StoredCaseFiles:
    """Documents as they are filed: those of the case and those of its tasks."""

    def of_types(self, outside: Outside, case_id: str, types: Sequence[str], *, largest: int) -> Sequence[CaseFile]:
        """The newest of each document, in the order in which they were filed. Raises `MailTooLarge`."""
        with outside.reading() as view:
            targets = [Target("case", case_id), *(Target("task", task) for task in task_ids(view, case_id))]
            linked = attached(view, targets)
        newest: dict[str, LinkedDocument] = {}
        for document in (each for target in targets for each in linked[target] if each.type in types):
            before = newest.get(document.document_id)
            if before is None or before.n < document.n:
                newest[document.document_id] = document
        if sum(document.size for document in newest.values()) > largest:
            raise MailTooLarge(f"The documents are larger than {largest} bytes together; send fewer.")
        blobs = outside.port(BlobStore)
        return [_file(document, blobs) for document in sorted(newest.values(), key=lambda each: each.document_id)]


def _file(document: LinkedDocument, blobs: BlobStore) -> CaseFile:
    with blobs.open(document.digest) as content:
        data = content.read()
    return CaseFile(
        type=document.type or "",
        file_name=document.file_name,
        media_type=document.media_type,
        content=data,
        document_id=document.document_id,
        version=document.n,
        digest=document.digest,
    )
