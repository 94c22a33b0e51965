"""What this release serves."""

import calibration
import pages
import pools
import projections
from web import App

ROUTES = (
    ("GET", "/api/player-pools/{week_id}", pools.list_pool),
    ("POST", "/api/player-pools/{week_id}/import", pools.import_pool),
    ("GET", "/api/smart-score/{week_id}", pools.smart_score),
    ("GET", "/api/lineup/{week_id}", pools.lineup),
    *calibration.ROUTES,
    *pages.ROUTES,
)


def build():
    needs = {**pools.NEEDS, **projections.NEEDS}
    return App("calibration", ROUTES, needs, projections.NEW_FEATURES, user_of=pools.user_of)
