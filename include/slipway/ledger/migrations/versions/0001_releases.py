"""Keep releases, each an immutable row."""

from alembic import op

revision = "0001"
down_revision = None

# What queries read is generated from the record, so that a row cannot contradict itself.
RELEASES = """
CREATE TABLE slipway.releases (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    plan text NOT NULL,
    release_id text NOT NULL,
    record jsonb NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version text NOT NULL GENERATED ALWAYS AS (record ->> 'version') STORED,
    outcome text NOT NULL GENERATED ALWAYS AS (record ->> 'outcome') STORED,
    intent text NOT NULL GENERATED ALWAYS AS (record ->> 'intent') STORED,
    production text NOT NULL GENERATED ALWAYS AS (record -> 'environments' ->> -1) STORED,
    plan_digest text NOT NULL GENERATED ALWAYS AS (record ->> 'plan_digest') STORED,
    rolls_back text NOT NULL GENERATED ALWAYS AS (record ->> 'rolls_back') STORED,
    PRIMARY KEY (plan, release_id),
    CHECK (plan = record ->> 'plan' AND release_id = record ->> 'release_id'),
    CHECK (ended_at >= started_at)
)
"""
NEWEST_FIRST = "CREATE INDEX releases_newest ON slipway.releases (plan, production, ended_at DESC)"

REFUSE = """
CREATE FUNCTION slipway.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'slipway.releases is immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$
"""
# A statement trigger also refuses TRUNCATE, and a statement that touches no row.
IMMUTABLE = """
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON slipway.releases
FOR EACH STATEMENT EXECUTE FUNCTION slipway.refuse_change()
"""


def upgrade() -> None:
    """Create the table and what keeps it immutable."""
    for statement in (RELEASES, NEWEST_FIRST, REFUSE, IMMUTABLE):
        op.execute(statement)


def downgrade() -> None:
    """Drop the table with every record in it."""
    op.execute("DROP TABLE slipway.releases")
    op.execute("DROP FUNCTION slipway.refuse_change()")
