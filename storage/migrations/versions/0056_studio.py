"""Projects of designers, and the files in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0056_studio"
down_revision = "0054_opportunities"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
KEY = sa.String(length=255, collation="C")


def upgrade() -> None:
    op.create_table(
        "studio_project",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("contributors", ARRAY(KEY), nullable=False),
        sa.Column("review_note", sa.Text(), nullable=True),
        sa.Column("review_case", ID, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.Column("changed_by", KEY, nullable=False),
        sa.Column("published_at", WHEN, nullable=True),
        sa.Column("published_by", KEY, nullable=True),
        sa.CheckConstraint("state IN ('draft', 'review', 'discarded')", name="ck_studio_project_state"),
        sa.PrimaryKeyConstraint("id", name="pk_studio_project"),
    )
    op.create_index("ix_studio_project_changed_at_id", "studio_project", ["changed_at", "id"])
    op.create_table(
        "studio_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.Column("changed_by", KEY, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["studio_project.id"], name="fk_studio_file_project_id_studio_project"),
        sa.PrimaryKeyConstraint("id", name="pk_studio_file"),
        sa.UniqueConstraint("project_id", "name", name="uq_studio_file_project_id_name"),
    )


def downgrade() -> None:
    op.drop_table("studio_file")
    op.drop_table("studio_project")
