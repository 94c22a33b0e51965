"""What each kind of metric makes of two scrapes, expected values worked out by hand."""

import pytest

from slipway.kinds import Scrape
from slipway.metrics import (
    CloudWatchStatistic,
    CounterIncrease,
    CounterRate,
    CounterRatio,
    GaugeValue,
    HistogramMean,
    HistogramQuantile,
    PrometheusQuery,
    SentryIssues,
)
from slipway.metrics.gauge_value import Over
from slipway.metrics.scrape import parse, unwind

EARLIER = parse(
    """
# TYPE http_requests_total counter
http_requests_total{route="/plans",status="200"} 100.0
http_requests_total{route="/plans",status="500"} 2.0
# TYPE seconds histogram
seconds_bucket{route="/plans",le="0.1"} 50.0
seconds_bucket{route="/plans",le="0.2"} 90.0
seconds_bucket{route="/plans",le="+Inf"} 102.0
seconds_count{route="/plans"} 102.0
seconds_sum{route="/plans"} 12.0
# TYPE memory_bytes gauge
memory_bytes{pool="a"} 1.0
process_start_time_seconds 1000.0
""",
    at=10.0,
)
LATER = parse(
    """
# TYPE http_requests_total counter
http_requests_total{route="/plans",status="200"} 185.0
http_requests_total{route="/plans",status="500"} 5.0
http_requests_total{route="/tasks",status="503"} 12.0
# TYPE seconds histogram
seconds_bucket{route="/plans",le="0.1"} 90.0
seconds_bucket{route="/plans",le="0.2"} 170.0
seconds_bucket{route="/plans",le="+Inf"} 202.0
seconds_count{route="/plans"} 202.0
seconds_sum{route="/plans"} 27.0
# TYPE memory_bytes gauge
memory_bytes{pool="a"} 3145728.0
memory_bytes{pool="b"} 1048576.0
process_start_time_seconds 1000.0
""",
    at=20.0,
)


def scraped(at: float = 30.0, **values: float) -> Scrape:
    return Scrape(at=at, samples={(name, ()): value for name, value in values.items()})


def test_a_ratio_is_the_share_of_the_part_in_percent() -> None:
    metric = CounterRatio(name="errors", counter="http_requests_total", part={"status": "5.."})
    assert metric.value(EARLIER, LATER) == 15.0  # 3 + 12 of 85 + 3 + 12


def test_the_labels_of_the_whole_hold_for_the_part_too() -> None:
    metric = CounterRatio(
        name="errors", counter="http_requests_total", part={"status": "5.."}, whole={"route": "/plans"}
    )
    assert metric.value(EARLIER, LATER) == pytest.approx(100 * 3 / 88)


def test_a_ratio_of_two_counters() -> None:
    metric = CounterRatio(name="failures", counter="uses", part_counter="failures")
    earlier, later = scraped(uses=10, failures=1), scraped(uses=30, failures=6)
    assert metric.value(earlier, later) == 25.0


def test_a_part_that_was_never_counted_is_zero() -> None:
    metric = CounterRatio(name="failures", counter="uses", part_counter="failures")
    assert metric.value(scraped(uses=10), scraped(uses=30)) == 0.0


def test_nothing_counted_in_between_is_no_data() -> None:
    assert CounterRatio(name="e", counter="http_requests_total").value(LATER, LATER) is None
    assert HistogramMean(name="m", histogram="seconds").value(LATER, LATER) is None
    assert HistogramQuantile(name="q", histogram="seconds", quantile=0.95).value(LATER, LATER) is None


def test_a_page_without_the_series_is_no_data() -> None:
    assert CounterIncrease(name="i", counter="nothing_total").value(EARLIER, LATER) is None
    assert CounterRate(name="r", counter="nothing_total").value(EARLIER, LATER) is None
    assert GaugeValue(name="g", gauge="nothing").value(EARLIER, LATER) is None
    assert HistogramMean(name="m", histogram="nothing").value(EARLIER, LATER) is None
    assert HistogramQuantile(name="q", histogram="nothing", quantile=0.5).value(EARLIER, LATER) is None


def test_a_counter_that_stands_still_has_a_rate_of_zero() -> None:
    assert CounterRate(name="r", counter="hits").value(scraped(at=1, hits=5), scraped(at=2, hits=5)) == 0.0


def test_a_rate_counts_per_second_unless_told_otherwise() -> None:
    assert CounterRate(name="r", counter="http_requests_total").value(EARLIER, LATER) == 10.0


def test_an_increase_counts_a_series_that_was_not_there_before_from_zero() -> None:
    metric = CounterIncrease(name="i", counter="http_requests_total", labels={"route": "/tasks"})
    assert metric.value(EARLIER, LATER) == 12.0


def test_a_counter_that_fell_has_grown_by_what_it_shows_now() -> None:
    metric = CounterIncrease(name="i", counter="hits")
    assert metric.value(scraped(hits=50), scraped(hits=7)) == 7.0


def test_after_a_restart_a_counter_has_grown_by_what_it_shows_now_also_if_it_is_higher() -> None:
    earlier = scraped(hits=50, process_start_time_seconds=1000)
    later = scraped(hits=60, process_start_time_seconds=2000)
    assert CounterIncrease(name="i", counter="hits").value(earlier, later) == 60.0


def test_a_mean_is_in_milliseconds() -> None:
    assert HistogramMean(name="m", histogram="seconds").value(EARLIER, LATER) == 150.0


@pytest.mark.parametrize(
    ("quantile", "milliseconds"),
    [
        (0.2, 50.0),  # 20 of the 40 in the first bucket
        (0.4, 100.0),
        (0.6, 150.0),  # 20 of the 40 in the second
        (0.95, 200.0),  # in the open bucket: its lower bound
    ],
)
def test_a_quantile_is_linear_inside_its_bucket(quantile: float, milliseconds: float) -> None:
    metric = HistogramQuantile(name="q", histogram="seconds", quantile=quantile)
    assert metric.value(EARLIER, LATER) == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("over", "mebibytes"), [(Over.SUM, 4), (Over.LARGEST, 3), (Over.SMALLEST, 1), (Over.MEAN, 2)]
)
def test_a_gauge_is_the_later_value_over_all_its_series(over: Over, mebibytes: float) -> None:
    metric = GaugeValue(name="memory", gauge="memory_bytes", over=over, scale=1 / 2**20)
    assert metric.value(EARLIER, LATER) == mebibytes


def test_a_gauge_that_is_not_a_number_is_no_data() -> None:
    assert GaugeValue(name="g", gauge="g").value(EARLIER, scraped(g=float("nan"))) is None


def test_what_tells_of_one_moment_says_so_and_what_counts_does_not() -> None:
    def cloud_watch(statistic: str) -> CloudWatchStatistic:
        return CloudWatchStatistic(name="m", namespace="n", metric="m", statistic=statistic)

    momentary = (
        GaugeValue(name="m", gauge="m"),
        PrometheusQuery(name="m", query="m"),
        cloud_watch("Average"),
        cloud_watch("p95"),
    )
    assert all(metric.momentary for metric in momentary)
    counted = (
        CounterRatio(name="m", counter="m"),
        SentryIssues(name="m", organization="o", project="p"),  # how many there are since the beginning
        cloud_watch("Sum"),
        cloud_watch("SampleCount"),
    )
    assert not any(metric.momentary for metric in counted)


def test_a_page_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        parse("# nothing\n", at=0)


def test_counters_run_on_over_a_restart_and_gauges_do_not() -> None:
    first = scraped(at=1, hits_total=100, memory=5, process_start_time_seconds=1)
    second = scraped(at=2, hits_total=130, memory=6, process_start_time_seconds=1)
    third = scraped(at=3, hits_total=20, memory=7, process_start_time_seconds=9)
    fourth = scraped(at=4, hits_total=25, memory=8, process_start_time_seconds=9)
    smooth = unwind(first, first, second)
    smooth = unwind(second, smooth, third)
    smooth = unwind(third, smooth, fourth)
    assert smooth == scraped(at=4, hits_total=155, memory=8, process_start_time_seconds=1)
    assert CounterIncrease(name="i", counter="hits_total").value(first, smooth) == 55.0
