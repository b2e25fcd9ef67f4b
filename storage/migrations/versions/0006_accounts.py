"""Accounts, roles and tokens."""

revision = "0006_accounts"
down_revision = "0005_crm"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
