from decimal import Decimal

import calibration
import pytest
import web
from defaults import DEFAULTS


def test_a_projection_moves_by_its_percentage():
    assert calibration.apply(Decimal("12.50"), Decimal("8")) == Decimal("13.50")
    assert calibration.apply(None, 8) is None


def test_the_defaults_are_eighteen_percentages():
    assert sum(len(percents) for percents in DEFAULTS.values()) == 18
    assert DEFAULTS["WR"] == (8, 5, -12)


@pytest.mark.parametrize("floor", [51, -51, "5", None, True])
def test_a_percentage_outside_of_fifty_is_refused(floor):
    with pytest.raises(web.Refused):
        calibration.checked({"position": "QB", "floor_pct": floor, "median_pct": 0, "ceiling_pct": 0})
