"""What filing a document and reading a batch of them costs: statements, counted in the driver's own protocol."""

import io
import sys

import pytest

from core.identity import SYSTEM
from documents.content.texts import ReadText
from documents.content.working import work_off
from documents.filing import FileDocument
from documents.intake import receive
from tests import content_files as files
from tests.protocol import listening
from webapp.bootstrap import Application

ANNOUNCING, FILING, READING = 1, 6, 20  # the most statements; reading: of all versions together
AROUND = 2  # BEGIN and COMMIT of the announcement
WARM_UP = 4  # documents: by then statements are prepared, and a job waits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libpq traces to a file descriptor on Linux alone")


def file(application: Application, number: int) -> None:
    content = files.pdf(f"letter {number}")
    announce = application.staging.announce
    blob = receive(
        io.BytesIO(content), announced=len(content), limit=1 << 20, store=application.blobs, announce=announce
    )
    command = FileDocument(title=f"Letter {number}", type="letter", blob=blob, file_name=f"{number}.pdf")
    application.executor.execute(command, actor=SYSTEM)


def test_a_document_is_announced_filed_told_and_indexed_with_seven_statements(application: Application) -> None:
    for number in range(WARM_UP):
        file(application, number)

    with listening(application.database.engine) as sent:
        file(application, WARM_UP)

    assert sent.commits == 2, sent.told
    assert sent.statements <= ANNOUNCING + FILING + AROUND, sent.told


def test_many_texts_are_kept_with_as_many_statements_as_one(application: Application) -> None:
    counts = []
    for many in (1, 1, 12):
        for number in range(many):
            file(application, number)
        with listening(application.database.engine) as sent:
            assert work_off(application, ReadText()) == many
        counts.append(sent.statements)

    assert counts[2] <= counts[1] <= READING, counts
