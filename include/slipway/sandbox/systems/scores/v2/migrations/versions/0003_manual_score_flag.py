"""The flag of manual scores, off."""

from alembic import op

revision = "0003_manual_score_flag"
down_revision = "0002_manual_scores"


def upgrade():
    op.execute("INSERT INTO feature_flags (name) VALUES ('MANUAL_SCORE_OVERRIDE')")


def downgrade():
    op.execute("DELETE FROM feature_flags WHERE name = 'MANUAL_SCORE_OVERRIDE'")
