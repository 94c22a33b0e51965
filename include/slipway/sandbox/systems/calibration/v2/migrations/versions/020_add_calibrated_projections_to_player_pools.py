"""Calibrated projections beside the original ones; players of the current week begin with the original values."""

from pathlib import Path

from alembic import op

revision = "020"
down_revision = "019"

COLUMNS = ("floor_calibrated", "median_calibrated", "ceiling_calibrated")
BACKFILL = Path(__file__).parent.parent / "020_backfill.sql"


def upgrade():
    for column in COLUMNS:
        op.execute(f"ALTER TABLE player_pools ADD COLUMN {column} numeric(6,2)")
    op.execute("CREATE INDEX player_pools_calibrated ON player_pools (week_id) WHERE median_calibrated IS NOT NULL")
    op.execute(BACKFILL.read_text())


def downgrade():
    for column in reversed(COLUMNS):
        op.execute(f"ALTER TABLE player_pools DROP COLUMN {column}")
