from datetime import timedelta

import pytest
from tests.steps.world import World

from slipway.metrics import GaugeValue
from slipway.steps import DeployRelease, TakeBaseline
from slipway.steps.faults import NoBaseline
from slipway.testing import LocalRun

READINGS = GaugeValue(name="readings", gauge="readings")


@pytest.fixture(autouse=True)
def _serving(service: World, run: LocalRun) -> None:
    service.release("v2")
    DeployRelease(name="deploy").do(run.at("production.deploy"))


def test_a_baseline_holds_the_mean_of_real_samples(run: LocalRun) -> None:
    run.parameters = {"pace": 60}
    step = TakeBaseline(name="baseline", metrics=[READINGS], lasting=timedelta(seconds=30), samples=4)
    evidence = step.do(run)
    baseline = evidence.proof["baseline"]["readings"]
    assert baseline["samples"] == [2, 3, 4, 5]  # the first reading only begins the first interval
    assert baseline["mean"] == 3.5
    assert baseline["at"][-1] - baseline["at"][0] == pytest.approx(0.375, abs=0.3)
    assert evidence.changed is False


def test_a_baseline_that_is_cleared_later_stays_the_one_from_before(run: LocalRun) -> None:
    step = TakeBaseline(name="baseline", metrics=[READINGS], lasting=timedelta(seconds=0.1), samples=3)
    first = step.do(run)
    assert step.do(run) == first  # the gauge counts its readings: measured again, it would be another


def test_no_data_is_never_a_baseline(run: LocalRun) -> None:
    missing = GaugeValue(name="nothing", gauge="no_such_series")
    step = TakeBaseline(
        name="baseline", metrics=[READINGS, missing], lasting=timedelta(seconds=0.1), samples=3
    )
    with pytest.raises(NoBaseline, match="no data for nothing in 4 scrapes"):
        step.do(run)


def test_a_page_that_cannot_be_read_is_no_data(run: LocalRun) -> None:
    gone = GaugeValue(name="gone", gauge="readings", path="/gone")
    step = TakeBaseline(name="baseline", metrics=[gone], lasting=timedelta(seconds=0.1), samples=1)
    with pytest.raises(NoBaseline):
        step.do(run)


def test_a_baseline_connects_to_the_sources_of_its_metrics(run: LocalRun) -> None:
    step = TakeBaseline(name="baseline", metrics=[READINGS, READINGS])
    assert step.connections(run.environment) == ("service",)
    assert step.undoing().undo == "nothing to undo"
