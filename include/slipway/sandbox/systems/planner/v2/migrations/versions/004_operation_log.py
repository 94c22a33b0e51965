"""The log of operations and the stack of what can be undone."""

from alembic import op

revision = "004"
down_revision = "003"


def upgrade():
    op.execute(
        "CREATE TABLE operation_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL,"
        " operation text NOT NULL, task_id bigint, at timestamptz NOT NULL DEFAULT now())"
    )
    op.execute("CREATE INDEX operation_log_user ON operation_log (user_id, id)")
    op.execute(
        "CREATE TABLE undo_stack (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL,"
        " operation text NOT NULL, task_id bigint NOT NULL, before jsonb)"
    )
    op.execute("CREATE INDEX undo_stack_user ON undo_stack (user_id, id)")


def downgrade():
    op.execute("DROP TABLE undo_stack")
    op.execute("DROP TABLE operation_log")
