"""Results in one form: the number alone."""

from alembic import op

revision = "0004_normalise_results"
down_revision = "0003_manual_score_flag"

TESTS = ("overhead_squat", "push_up", "toe_touch", "farmer_carry", "step_test")


def upgrade():
    for test in TESTS:
        op.execute(f"UPDATE assessments SET {test} = substring({test} FROM '^[0-9]+')")


def downgrade():
    pass
