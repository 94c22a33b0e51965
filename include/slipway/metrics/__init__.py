"""The kinds of metrics, one file each; a new kind is added to KINDS."""

from collections.abc import Mapping
from types import MappingProxyType

from slipway.kinds import Metric
from slipway.metrics.cloud_watch_ratio import CloudWatchRatio
from slipway.metrics.cloud_watch_statistic import CloudWatchStatistic
from slipway.metrics.counter_increase import CounterIncrease
from slipway.metrics.counter_rate import CounterRate
from slipway.metrics.counter_ratio import CounterRatio
from slipway.metrics.gauge_value import GaugeValue
from slipway.metrics.histogram_mean import HistogramMean
from slipway.metrics.histogram_quantile import HistogramQuantile
from slipway.metrics.log_count import LogCount
from slipway.metrics.log_quantile import LogQuantile
from slipway.metrics.prometheus_query import PrometheusQuery
from slipway.metrics.sentry_issues import SentryIssues
from slipway.metrics.sql_value import SqlValue

__all__ = [
    "KINDS",
    "CloudWatchRatio",
    "CloudWatchStatistic",
    "CounterIncrease",
    "CounterRate",
    "CounterRatio",
    "GaugeValue",
    "HistogramMean",
    "HistogramQuantile",
    "LogCount",
    "LogQuantile",
    "PrometheusQuery",
    "SentryIssues",
    "SqlValue",
]

KINDS: Mapping[str, type[Metric]] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (
            CloudWatchRatio,
            CloudWatchStatistic,
            CounterIncrease,
            CounterRate,
            CounterRatio,
            GaugeValue,
            HistogramMean,
            HistogramQuantile,
            LogCount,
            LogQuantile,
            PrometheusQuery,
            SentryIssues,
            SqlValue,
        )
    }
)
