"""A user has a task once: no two with the same title."""

from alembic import op

revision = "006"
down_revision = "005"


def upgrade():
    op.execute("CREATE TABLE task_names (task_id bigint PRIMARY KEY, name text NOT NULL)")
    op.execute("INSERT INTO task_names SELECT id, lower(title) FROM tasks")
    op.execute("ALTER TABLE tasks ADD CONSTRAINT tasks_once UNIQUE (user_id, title)")


def downgrade():
    op.execute("ALTER TABLE tasks DROP CONSTRAINT tasks_once")
    op.execute("DROP TABLE task_names")
