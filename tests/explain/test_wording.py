"""How an explanation says limits and settings."""

from datetime import timedelta
from typing import Any

import pytest
from tests.prove.plans import Look, Restore

from slipway.explain.wording import limit_in_words, settings
from slipway.watching import Threshold
from slipway.words import Severity


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ({"above": 5, "lasting": timedelta(minutes=5)}, "above 5 % for 5 minutes"),
        ({"below": 99.9}, "below 99.9 %"),
        ({"above_baseline_by": 100}, "more than 100 % above the baseline"),
        ({"above_baseline_by_percent": 50}, "more than 50 % above the baseline"),
        ({"above_baseline_times": 2}, "more than 2 times the baseline"),
        ({"above_baseline_by": 100, "versus": "cohort_a"}, "more than 100 % above cohort_a"),
    ],
)
def test_a_limit_is_said_in_words(limit: dict[str, Any], text: str) -> None:
    assert limit_in_words(Threshold(metric="m", severity=Severity.HIGH, **limit), "%") == text


def test_settings_name_only_what_differs_from_the_default() -> None:
    assert settings(Restore(name="restore", backup="back_up")) == "backup: back_up"
    assert settings(Look(name="looks_well", patience=timedelta(minutes=1))) == ""
