"""Titles fit the new task card."""

from alembic import op

revision = "006"
down_revision = "005"


def upgrade():
    op.execute("UPDATE tasks SET title = left(title, 80)")


def downgrade():
    pass
