"""Messages that leave the firm: mails, SMS and letters, each with its proof."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017_outbox"
down_revision = "0016_planning"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
EMPTY_LIST = sa.text("'[]'::jsonb")
DUE = sa.text("state IN ('queued', 'sending') AND channel <> 'letter'")
TO_PRINT = sa.text("state = 'queued' AND channel = 'letter'")
TABLES = (
    "offer_answer_link",
    "outbox_attempt",
    "outbox_paper",
    "outbox_message",
    "outbox_batch",
    "outbox_wish",
    "outbox_bar",
    "outbox_text",
)


def upgrade() -> None:
    op.create_table(
        "outbox_text",
        sa.Column("key", NAME, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outbox_text")),
    )
    op.create_table(
        "outbox_bar",
        sa.Column("channel", NAME, nullable=False),
        sa.Column("address", sa.String(length=320, collation="C"), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_outbox_bar")),
    )
    op.create_table(
        "outbox_wish",
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("entity", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=True),
        sa.Column("is_without_marketing", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_outbox_wish")),
    )
    op.create_table(
        "outbox_batch",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("prints", sa.Integer(), nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("book_id", ID, nullable=True),
        sa.Column("labels_id", ID, nullable=True),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("posted_at", MOMENT, nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_outbox_batch_number")),
    )
    op.create_index("ix_outbox_batch_made_at_id", "outbox_batch", ["made_at", "id"])
    op.create_table(
        "outbox_message",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=200, collation="C"), nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("purpose", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("recipient_name", sa.String(), nullable=False),
        sa.Column("envelope", JSON, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("template", NAME, nullable=True),
        sa.Column("link_id", ID, nullable=True),
        sa.Column("about_entity", NAME, nullable=True),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("task_id", ID, nullable=True),
        sa.Column("fallback", JSON, nullable=False, server_default=EMPTY_LIST),
        sa.Column("not_after", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", ID, nullable=True),
        sa.Column("message_id", sa.String(length=250, collation="C"), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("refused", JSON, nullable=False, server_default=EMPTY_LIST),
        sa.Column("digest", NAME, nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("tracking_number", sa.String(), nullable=True),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        _refers("outbox_message", "customer_id", "customer"),
        _refers("outbox_message", "contact_id", "contact"),
        _refers("outbox_message", "batch_id", "outbox_batch"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_message_key")),
    )
    op.create_index("ix_outbox_message_about", "outbox_message", ["about_entity", "about_id"])
    op.create_index(op.f("ix_outbox_message_batch_id"), "outbox_message", ["batch_id"])
    op.create_index(op.f("ix_outbox_message_case_id"), "outbox_message", ["case_id"])
    op.create_index(op.f("ix_outbox_message_contact_id"), "outbox_message", ["contact_id"])
    op.create_index("ix_outbox_message_created_at_id", "outbox_message", ["created_at", "id"])
    op.create_index(
        "ix_outbox_message_customer_id_created_at_id", "outbox_message", ["customer_id", "created_at", "id"]
    )
    op.create_index("ix_outbox_message_due", "outbox_message", ["due_at", "id"], postgresql_where=DUE)
    op.create_index(op.f("ix_outbox_message_message_id"), "outbox_message", ["message_id"])
    op.create_index("ix_outbox_message_state_created_at_id", "outbox_message", ["state", "created_at", "id"])
    op.create_index("ix_outbox_message_to_print", "outbox_message", ["due_at", "id"], postgresql_where=TO_PRINT)
    op.create_table(
        "outbox_paper",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _refers("outbox_paper", "message_id", "outbox_message"),
        sa.PrimaryKeyConstraint("message_id", "position", name=op.f("pk_outbox_paper")),
    )
    op.create_index(op.f("ix_outbox_paper_document_id"), "outbox_paper", ["document_id"])
    op.create_table(
        "outbox_attempt",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("claim", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", NAME, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        _refers("outbox_attempt", "message_id", "outbox_message"),
        sa.PrimaryKeyConstraint("message_id", "claim", name=op.f("pk_outbox_attempt")),
    )
    op.create_table(
        "offer_answer_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("offer_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("token_digest", NAME, nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("document_version", sa.Integer(), nullable=True),
        sa.Column("document_digest", NAME, nullable=True),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answer", NAME, nullable=True),
        sa.Column("remark", sa.String(), nullable=True),
        sa.Column("questions", sa.Integer(), nullable=False),
        _refers("offer_answer_link", "offer_id", "offer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_answer_link")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_offer_answer_link_token_digest")),
    )
    op.create_index(op.f("ix_offer_answer_link_offer_id"), "offer_answer_link", ["offer_id"])


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
