"""The eighteen default percentages, for the current week; what is there already stays."""

import sys
from pathlib import Path

from alembic import op

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from defaults import DEFAULTS

revision = "021"
down_revision = "020"


def upgrade():
    for position, (floor, median, ceiling) in DEFAULTS.items():
        op.execute(
            "INSERT INTO projection_calibration (week_id, position, floor_pct, median_pct, ceiling_pct, is_default)"
            f" SELECT id, '{position}', {floor}, {median}, {ceiling}, true FROM weeks WHERE is_current"
            " ON CONFLICT (week_id, position) DO NOTHING"
        )


def downgrade():
    op.execute("DELETE FROM projection_calibration WHERE is_default")
