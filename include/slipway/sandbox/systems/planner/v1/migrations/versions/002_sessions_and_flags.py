"""Sessions of users who are logged in, and feature flags."""

from alembic import op

revision = "002"
down_revision = "001"


def upgrade():
    op.execute(
        "CREATE TABLE sessions (user_id bigint PRIMARY KEY REFERENCES users (id),"
        " token text NOT NULL UNIQUE, created_at timestamptz NOT NULL DEFAULT now())"
    )
    op.execute(
        "CREATE TABLE feature_flags (name text PRIMARY KEY, enabled boolean NOT NULL DEFAULT false,"
        " percentage integer NOT NULL DEFAULT 0 CHECK (percentage BETWEEN 0 AND 100))"
    )
    op.execute("INSERT INTO feature_flags VALUES ('weekly_digest', true, 100)")


def downgrade():
    op.execute("DROP TABLE feature_flags")
    op.execute("DROP TABLE sessions")
