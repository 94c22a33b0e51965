"""How an explanation says limits and settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, ClassVar

import pytest
from tests.prove.plans import Figure, Look, Restore

from slipway.explain.wording import limit_in_words, settings
from slipway.kinds import Check, Metric
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
        ({"above_baseline_by": 100, "versus": "cohort_a"}, "more than 100 % above Cohort a"),
    ],
)
def test_a_limit_is_said_in_words(limit: dict[str, Any], text: str) -> None:
    assert limit_in_words(Threshold(metric="m", severity=Severity.HIGH, **limit), "%") == text


def test_settings_name_only_what_differs_from_the_default() -> None:
    assert settings(Restore(name="restore", backup="back_up")) == "backup: back_up"
    assert settings(Restore(name="restore")) == ""
    assert settings(Look(name="looks_well", patience=timedelta(minutes=1))) == ""


@dataclass(frozen=True, kw_only=True)
class Tried(Check):
    """A check with a setting of every sort."""

    kind: ClassVar[str] = "tried"
    drill: bool = False
    keep: bool = True
    argv: Sequence[str] = ()
    at: time = time(0)
    share: float = 0.5
    taken_by: str = ""
    scale: float = 1.0
    metrics: Sequence[Metric] = ()
    thresholds: Sequence[Threshold] = ()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"drill": True}, "drill"),
        ({"keep": False}, "not keep"),
        ({"argv": ("pytest", "tests", "-v")}, "command: pytest tests -v"),
        ({"at": time(14)}, "at: 14:00"),
        ({"at": time(14, 0, 30)}, "at: 14:00:30"),
        ({"share": 1 / 3}, "share: 0.333333"),
        ({"scale": 1 / 2**20}, ""),
        ({"taken_by": "production.note_rows"}, "taken by: Note the rows"),
        ({"taken_by": "production.other"}, "taken by: production.other"),
    ],
)
def test_a_setting_is_said_as_people_write_it(given: dict[str, Any], text: str) -> None:
    assert settings(Tried(name="t", **given), {"production.note_rows": "Note the rows"}) == text


def test_a_limit_of_a_check_names_its_metric_and_the_one_that_it_is_compared_with() -> None:
    figures = (
        Figure(name="p95_b", title="Latency with", unit="ms"),
        Figure(name="p95_a", title="Latency without"),
    )
    limits = (
        Threshold(metric="p95_b", severity=Severity.HIGH, above=200),
        Threshold(metric="p95_b", severity=Severity.HIGH, above_baseline_times=2, versus="p95_a"),
    )
    assert settings(Tried(name="t", metrics=figures, thresholds=limits)) == (
        "metrics: Latency with, Latency without; "
        "thresholds: Latency with above 200 ms and Latency with more than 2 times Latency without"
    )
