"""Keep leases: which release holds which environment."""

from alembic import op

revision = "0002"
down_revision = "0001"

LEASES = """
CREATE TABLE slipway.leases (
    environment text PRIMARY KEY,
    owner text NOT NULL CHECK (owner <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    acquired_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > acquired_at),
    token bigint NOT NULL UNIQUE,
    taken_from text NOT NULL DEFAULT ''
)
"""


def upgrade() -> None:
    """Create the table, and the sequence that numbers the holders."""
    op.execute("CREATE SEQUENCE slipway.fencing AS bigint")
    op.execute(LEASES)


def downgrade() -> None:
    """Drop both."""
    op.execute("DROP TABLE slipway.leases")
    op.execute("DROP SEQUENCE slipway.fencing")
