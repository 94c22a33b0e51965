"""Amazon CloudWatch: plain statistics of plain metrics; what is made of them is computed here.

CloudWatch's own metric math is not used, so that a figure is the same everywhere and its parts are seen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean
from types import MappingProxyType
from typing import Any

from slipway.kinds import Samples
from slipway.metrics.sources.aws_client import client, in_words
from slipway.run import Json

COUNTED = ("Sum", "SampleCount")  # statistics that add up over periods
_EXTREMES: Mapping[str, Callable[[Iterable[float]], float]] = MappingProxyType(
    {"Maximum": max, "Minimum": min}
)


def opened(
    connection: Any, questions: Sequence[Mapping[str, Json]], since: float
) -> Callable[[], list[Samples]]:
    """Return a reading of each question's statistics, question["figures"], each {"id", "namespace", ...}.

    A Sum or SampleCount is counted from `since` on, so that what arrives late is still counted: the series
    <id>_total. Of any other statistic the newest datapoint counts, if it is not older than
    question["within"] seconds: the series <id>. With a Sum beside it the datapoints of these seconds count
    together, each as much as the Sum of its own period, and the Sum is that of the same datapoints.

    All are `alike`, and asked for in one call.
    """
    period = int(questions[0]["period"])

    def reading() -> list[Samples]:
        now = datetime.now(UTC)
        begins = [_begin(question, since, now) for question in questions]
        with in_words(connection, "Amazon CloudWatch", "GetMetricData"):
            points = _points(client(connection, "cloudwatch"), questions, period, begins, now)
        return [_samples(question, each) for question, each in zip(questions, points, strict=True)]

    return reading


def alike(question: Mapping[str, Json]) -> Json:
    """Return what questions of one call have in common.

    What is counted looks back further than the rest, and datapoints of a period begin where the span does.
    """
    return question["counted"], int(question["period"])


def _begin(question: Mapping[str, Json], since: float, now: datetime) -> float:
    begin = since if question["counted"] else now.timestamp() - question["within"]
    return float(begin - begin % int(question["period"]))


Points = dict[str, list[tuple[datetime, float]]]  # of each figure of a question: time, value


def _points(
    watch: Any, questions: Sequence[Mapping[str, Json]], period: int, begins: Sequence[float], now: datetime
) -> list[Points]:
    """Return the datapoints of each question.

    The end is a period ahead: it is rounded down, and the period that runs would be left out.
    """
    found: list[Points] = [{str(figure["id"]): [] for figure in each["figures"]} for each in questions]
    pages = watch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            _query(f"q{number}_{figure['id']}", figure, period)
            for number, question in enumerate(questions)
            for figure in question["figures"]
        ],
        StartTime=datetime.fromtimestamp(min(begins), UTC),
        EndTime=now + timedelta(seconds=period),
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            number, _, name = result["Id"].removeprefix("q").partition("_")
            points = zip(result["Timestamps"], result["Values"], strict=True)
            begin = begins[int(number)]
            found[int(number)][name] += [point for point in points if point[0].timestamp() >= begin]
    return found


def _samples(question: Mapping[str, Json], points: Points) -> Samples:
    known = {name: each for name, each in points.items() if each}
    if question["counted"]:
        return {(f"{name}_total", ()): sum(value for _, value in each) for name, each in known.items()}
    figure, *beside = question["figures"]
    name, values = str(figure["id"]), known.get(str(figure["id"]), [])
    count = next((str(each["id"]) for each in beside if each["id"] in known), "")
    if not count:
        return {(name, ()): max(values)[1]} if values else {}
    counted = dict(known[count])
    weighed = [(value, counted[at]) for at, value in values if counted.get(at)]
    if not weighed:  # nothing happened, or there is no figure for what did
        return {(count, ()): sum(counted.values())}
    return {
        (name, ()): _together(str(figure["statistic"]), weighed),
        (count, ()): sum(weight for _, weight in weighed),
    }


def _together(statistic: str, weighed: Sequence[tuple[float, float]]) -> float:
    """Return one figure for several periods, each (value, weight).

    Of averages and extremes it is their own; a percentile has none, and the mean stands for it.
    """
    if statistic in _EXTREMES:
        return _EXTREMES[statistic](value for value, _ in weighed)
    return fmean([value for value, _ in weighed], [weight for _, weight in weighed])


def _query(name: str, figure: Mapping[str, Json], period: int) -> dict[str, Json]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(figure["dimensions"].items())]
    metric = {
        "Namespace": figure["namespace"],
        "MetricName": figure["metric"],
        "Dimensions": dimensions,
    }
    stat = {"Metric": metric, "Period": period, "Stat": figure["statistic"]}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}
