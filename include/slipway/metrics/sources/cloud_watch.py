"""Amazon CloudWatch: plain statistics of plain metrics; what is made of them is computed here.

CloudWatch's own metric math is not used, so that a figure is the same everywhere and its parts are seen.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.kinds import Samples
from slipway.metrics.sources.aws_client import client, in_words
from slipway.run import Json

COUNTED = ("Sum", "SampleCount")  # statistics that add up over periods


def opened(connection: Any, asked: Mapping[str, Json], since: float) -> Callable[[], Samples]:
    """Return a reading of the statistics in asked["figures"], each {"id", "namespace", ...}.

    A Sum or SampleCount is counted from `since` on, so that what arrives late is still counted: the series
    <id>_total. Of any other statistic the newest datapoint counts, if it is not older than asked["within"]
    seconds: the series <id>. A Sum beside it is that of these seconds.
    """
    period = int(asked["period"])
    sums = {str(figure["id"]) for figure in asked["figures"] if figure["statistic"] in COUNTED}

    def reading() -> Samples:
        now = datetime.now(UTC)
        begin = since if asked["counted"] else now.timestamp() - asked["within"]
        with in_words(connection, "Amazon CloudWatch", "GetMetricData"):
            watch = client(connection, "cloudwatch")
            points = _points(watch, asked["figures"], period, begin - begin % period, now)
        if asked["counted"]:
            return {
                (f"{name}_total", ()): sum(value for _, value in each)
                for name, each in points.items()
                if each
            }
        return {
            (name, ()): sum(value for _, value in each) if name in sums else max(each)[1]
            for name, each in points.items()
            if each
        }

    return reading


def _points(
    watch: Any, figures: Sequence[Mapping[str, Json]], period: int, begin: float, now: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    """Return the datapoints (time, value) of each figure.

    The end is a period ahead: it is rounded down, and the period that runs would be left out.
    """
    queries = [_query(figure, period) for figure in figures]
    found: dict[str, list[tuple[datetime, float]]] = {str(figure["id"]): [] for figure in figures}
    pages = watch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(begin, UTC),
        EndTime=now + timedelta(seconds=period),
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Id"]] += zip(result["Timestamps"], result["Values"], strict=True)
    return found


def _query(figure: Mapping[str, Json], period: int) -> dict[str, Json]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(figure["dimensions"].items())]
    metric = {
        "Namespace": figure["namespace"],
        "MetricName": figure["metric"],
        "Dimensions": dimensions,
    }
    stat = {"Metric": metric, "Period": period, "Stat": figure["statistic"]}
    return {"Id": figure["id"], "MetricStat": stat, "ReturnData": True}
