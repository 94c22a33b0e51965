"""A place for the score that a trainer gives by hand, beside each of the five tests."""

from alembic import op

revision = "0002_manual_scores"
down_revision = "0001_assessments"

TESTS = ("overhead_squat", "push_up", "toe_touch", "farmer_carry", "step_test")


def upgrade():
    # NULL: calculated. The version before neither reads nor writes them.
    added = ", ".join(f"ADD COLUMN {test}_manual smallint CHECK ({test}_manual BETWEEN 0 AND 5)" for test in TESTS)
    op.execute(f"ALTER TABLE assessments {added}")


def downgrade():
    op.execute("ALTER TABLE assessments " + ", ".join(f"DROP COLUMN {test}_manual" for test in TESTS))
