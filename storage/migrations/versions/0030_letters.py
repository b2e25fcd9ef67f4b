"""The PDFs of letters belong to their merges by a key."""

import sqlalchemy as sa
from alembic import op

revision = "0030_letters"
down_revision = "0029_emergency"
branch_labels = None
depends_on = None

LETTER, MERGE = "mail_merge_letter", "mail_merge"
KEY = "fk_mail_merge_letter_pdf_digest_blob"
# what is gone, or should be, cannot be named
FORGET = """
UPDATE mail_merge_letter AS letter SET pdf_digest = NULL WHERE pdf_digest IS NOT NULL AND (
    NOT EXISTS (SELECT FROM blob WHERE blob.digest = letter.pdf_digest)
    OR EXISTS (SELECT FROM document WHERE document.id = letter.document_id AND document.destroyed_at IS NOT NULL)
)
"""
# FORGET takes away what tells of these, so that no later step can find them
LEFT = """
SELECT DISTINCT letter.pdf_digest FROM mail_merge_letter AS letter JOIN document ON document.id = letter.document_id
WHERE letter.pdf_digest IS NOT NULL AND document.destroyed_at IS NOT NULL
    AND EXISTS (SELECT FROM blob WHERE blob.digest = letter.pdf_digest)
"""


def upgrade() -> None:
    connection = op.get_bind()
    left = list(connection.scalars(sa.text(LEFT)))
    op.execute(FORGET)
    op.create_foreign_key(KEY, LETTER, "blob", ["pdf_digest"], ["digest"])
    for digest in left:  # copies of destroyed letters go; what else is made of the same bytes keeps them
        try:
            with connection.begin_nested():
                connection.execute(sa.text("DELETE FROM blob WHERE digest = :digest"), {"digest": digest})
        except sa.exc.IntegrityError:
            continue
    op.create_index("ix_mail_merge_letter_pdf_digest", LETTER, ["pdf_digest"])
    op.create_index("ix_mail_merge_letter_document_id", LETTER, ["document_id"])
    op.create_index("ix_mail_merge_combined_id", MERGE, ["combined_id"])


def downgrade() -> None:
    op.drop_index("ix_mail_merge_combined_id", MERGE)
    op.drop_index("ix_mail_merge_letter_document_id", LETTER)
    op.drop_index("ix_mail_merge_letter_pdf_digest", LETTER)
    op.drop_constraint(KEY, LETTER, type_="foreignkey")
