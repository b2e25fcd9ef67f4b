"""Accounts, roles and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0006_accounts"
down_revision = "0005_crm"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(64, collation="C")
DIGEST = sa.String(64, collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "account_role",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("role", NAME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "role", name="pk_account_role"),
        _of_account("account_role"),
    )
    op.create_index("ix_account_email_lower", "account", [sa.text("lower(email)")])
    op.create_index("ix_account_role_role", "account_role", ["role"])
    op.create_table(
        "api_token",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("scopes", sa.ARRAY(NAME)),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
        _of_account("api_token"),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])
    op.create_table(
        "account_login",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("browser", sa.String(200)),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_account_login"),
        _of_account("account_login"),
    )
    op.create_index("ix_account_login_account_id_ended_at", "account_login", ["account_id", "ended_at"])
    op.create_index("ix_account_login_expires_at", "account_login", ["expires_at"])
    op.create_table(
        "account_login_failure",
        sa.Column("key", DIGEST, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("locked_until", MOMENT),
        sa.PrimaryKeyConstraint("key", name="pk_account_login_failure"),
    )
    op.create_index("ix_account_login_failure_last_at", "account_login_failure", ["last_at"])
    op.create_table(
        "account_second_factor",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("sealed_secret", sa.String(255), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_second_factor"),
        _of_account("account_second_factor"),
    )
    op.create_table(
        "account_recovery_code",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_account_recovery_code"),
        _of_account("account_recovery_code"),
    )


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_account_id_account"
    return sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    for table in ("account_recovery_code", "account_second_factor"):
        op.drop_table(table)
    for table in ("account_login_failure", "account_login", "api_token", "account_role", "account"):
        op.drop_table(table)
