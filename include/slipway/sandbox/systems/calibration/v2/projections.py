"""Which projections of a player count, and what an import stores."""

import calibration
import flags

NAMES = ("floor", "median", "ceiling")
NEW_FEATURES = ("calibrated_projections",)
NEEDS = {
    "player_pools": ", ".join(f"{name}_calibrated" for name in NAMES),
    "projection_calibration": "week_id, position, floor_pct, median_pct, ceiling_pct, is_active, is_default",
}
_ORIGINAL = ", ".join(NAMES)
_CALIBRATED = ", ".join(f"COALESCE({name}_calibrated, {name}) AS {name}" for name in NAMES)


def columns(user):
    return _CALIBRATED if flags.enabled("calibrated_projections", user) else _ORIGINAL


def stored(week_id, player):
    """The calibrated columns of an imported player; none where the position has no active calibration."""
    percents = calibration.active(week_id, player["position"])
    if percents is None:
        return {}
    return {f"{name}_calibrated": calibration.apply(player[name], percents[f"{name}_pct"]) for name in NAMES}
