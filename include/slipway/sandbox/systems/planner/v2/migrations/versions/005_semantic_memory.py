"""What the planner remembers of a user's words, and the conflicts it resolved."""

from alembic import op

revision = "005"
down_revision = "004"


def upgrade():
    op.execute(
        "CREATE TABLE semantic_memory (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL,"
        " word text NOT NULL, weight integer NOT NULL DEFAULT 1, UNIQUE (user_id, word))"
    )
    op.execute(
        "CREATE TABLE conflict_resolutions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " user_id bigint NOT NULL, due timestamptz NOT NULL, alternative timestamptz NOT NULL)"
    )


def downgrade():
    op.execute("DROP TABLE conflict_resolutions")
    op.execute("DROP TABLE semantic_memory")
