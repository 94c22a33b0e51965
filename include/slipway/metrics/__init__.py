"""The kinds of metrics, one file each; a new kind is added to KINDS."""

from collections.abc import Mapping
from types import MappingProxyType

from slipway.kinds import Metric
from slipway.metrics.counter_increase import CounterIncrease
from slipway.metrics.counter_rate import CounterRate
from slipway.metrics.counter_ratio import CounterRatio
from slipway.metrics.gauge_value import GaugeValue
from slipway.metrics.histogram_mean import HistogramMean
from slipway.metrics.histogram_quantile import HistogramQuantile

__all__ = [
    "KINDS",
    "CounterIncrease",
    "CounterRate",
    "CounterRatio",
    "GaugeValue",
    "HistogramMean",
    "HistogramQuantile",
]

KINDS: Mapping[str, type[Metric]] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (CounterIncrease, CounterRate, CounterRatio, GaugeValue, HistogramMean, HistogramQuantile)
    }
)
