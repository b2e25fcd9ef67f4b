"""In which stage of which process an activity was postponed."""

import sqlalchemy as sa
from alembic import op

revision = "0057_postponed_in_stage"
down_revision = "0056_studio"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("process", "stage"):
        op.add_column("activity_postponement", sa.Column(name, sa.String(), nullable=True))


def downgrade() -> None:
    for name in ("stage", "process"):
        op.drop_column("activity_postponement", name)
