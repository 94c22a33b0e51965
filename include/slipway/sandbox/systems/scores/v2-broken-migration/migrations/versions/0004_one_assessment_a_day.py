"""A client is assessed once a day."""

from alembic import op

revision = "0004_one_assessment_a_day"
down_revision = "0003_manual_score_flag"


def upgrade():
    op.execute("ALTER TABLE assessments ADD CONSTRAINT assessments_once UNIQUE (user_id, client, taken_on)")


def downgrade():
    op.execute("ALTER TABLE assessments DROP CONSTRAINT assessments_once")
