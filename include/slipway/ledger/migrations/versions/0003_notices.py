"""Keep notices: a row before each try to send one, and a row for what became of that try."""

from alembic import op

revision = "0003"
down_revision = "0002"

TRIES = """
CREATE TABLE slipway.notice_tries (
    plan text NOT NULL,
    release_id text NOT NULL,
    notice text NOT NULL,
    occasion text NOT NULL,
    channel text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, release_id, notice, occasion, channel, number)
)
"""
ENDS = """
CREATE TABLE slipway.notice_ends (
    plan text NOT NULL,
    release_id text NOT NULL,
    notice text NOT NULL,
    occasion text NOT NULL,
    channel text NOT NULL,
    number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'failed', 'unknown')),
    proof jsonb NOT NULL,
    why text NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, release_id, notice, occasion, channel, number),
    FOREIGN KEY (plan, release_id, notice, occasion, channel, number) REFERENCES slipway.notice_tries
)
"""
SENT_ONCE = """
CREATE UNIQUE INDEX notice_sent_once ON slipway.notice_ends (plan, release_id, notice, occasion, channel)
WHERE state = 'sent'
"""
REFUSE = """
CREATE FUNCTION slipway.refuse_change_of_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'slipway.% is immutable: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END
$$
"""
IMMUTABLE = """
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON slipway.{table}
FOR EACH STATEMENT EXECUTE FUNCTION slipway.refuse_change_of_notices()
"""
TABLES = ("notice_tries", "notice_ends")


def upgrade() -> None:
    """Create both tables and what keeps them immutable."""
    for statement in (TRIES, ENDS, SENT_ONCE, REFUSE):
        op.execute(statement)
    for table in TABLES:
        op.execute(IMMUTABLE.format(table=table))


def downgrade() -> None:
    """Drop both with all rows in them."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE slipway.{table}")
    op.execute("DROP FUNCTION slipway.refuse_change_of_notices()")
