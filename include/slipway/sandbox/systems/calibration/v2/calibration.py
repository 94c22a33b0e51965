"""Calibration of the projections of a week: five endpoints and the calculation behind them."""

from decimal import ROUND_HALF_UP, Decimal

import metrics
import pools
from database import row, rows
from defaults import DEFAULTS
from web import Refused, require_token

NAMES = ("floor", "median", "ceiling")
FIELDS = "position, floor_pct, median_pct, ceiling_pct, is_active, is_default"


def apply(value, percent):
    """A projection moved by percent, to the cent; None stays None."""
    if value is None:
        return None
    moved = Decimal(str(value)) * (1 + Decimal(str(percent)) / 100)
    return moved.quantize(Decimal("0.01"), ROUND_HALF_UP)


def active(week_id, position):
    return row(
        f"SELECT {FIELDS} FROM projection_calibration WHERE week_id = %s AND position = %s AND is_active",
        [week_id, position],
    )


def of_week(week_id):
    found = rows(f"SELECT {FIELDS} FROM projection_calibration WHERE week_id = %s ORDER BY id", [week_id])
    for each in found:
        each.update({f"{name}_pct": float(each[f"{name}_pct"]) for name in NAMES})
    return found


def get_week(app, request):
    metrics.FEATURE_USES.labels("calibration").inc()
    week_id = pools.week(request.arguments["week_id"])
    return {"week_id": week_id, "calibrations": of_week(week_id)}


def checked(given):
    """position and three percentages of -50..50."""
    percents = [given.get(f"{name}_pct") for name in NAMES] if isinstance(given, dict) else []
    if not percents or given.get("position") not in pools.POSITIONS:
        raise Refused(422, f"position: one of {', '.join(pools.POSITIONS)}")
    if any(type(p) not in (int, float) or not -50 <= p <= 50 for p in percents):
        raise Refused(422, "floor_pct, median_pct, ceiling_pct: numbers of -50..50")
    return [given["position"], *percents, bool(given.get("is_active", True))]


def store(week_id, values, is_default=False):
    row(
        "INSERT INTO projection_calibration"
        " (week_id, position, floor_pct, median_pct, ceiling_pct, is_active, is_default)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (week_id, position) DO UPDATE SET"
        " floor_pct = EXCLUDED.floor_pct, median_pct = EXCLUDED.median_pct, ceiling_pct = EXCLUDED.ceiling_pct,"
        " is_active = EXCLUDED.is_active, is_default = EXCLUDED.is_default, updated_at = now()",
        [week_id, *values, is_default],
    )


def post_one(app, request):
    require_token(request)
    week_id = pools.week(request.arguments["week_id"])
    store(week_id, checked(request.body))
    return get_week(app, request)


def post_batch(app, request):
    require_token(request)
    week_id = pools.week(request.arguments["week_id"])
    for values in [checked(given) for given in request.body.get("calibrations", [])]:
        store(week_id, values)
    return get_week(app, request)


def status(app, request):
    week_id = pools.week(request.arguments["week_id"])
    counted = row(
        "SELECT count(*) AS players, count(median_calibrated) AS calibrated FROM player_pools WHERE week_id = %s",
        [week_id],
    )
    positions = [each["position"] for each in of_week(week_id) if each["is_active"]]
    return {"week_id": week_id, "is_active": bool(positions), "positions": positions, **counted}


def reset(app, request):
    require_token(request)
    week_id = pools.week(request.arguments["week_id"])
    for position, percents in DEFAULTS.items():
        store(week_id, [position, *percents, True], is_default=True)
    return get_week(app, request)


ROUTES = (
    ("GET", "/api/calibration/{week_id}", get_week),
    ("POST", "/api/calibration/{week_id}", post_one),
    ("POST", "/api/calibration/{week_id}/batch", post_batch),
    ("GET", "/api/calibration/{week_id}/status", status),
    ("POST", "/api/calibration/{week_id}/reset", reset),
)
