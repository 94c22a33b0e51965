"""A Prometheus server: the value of a PromQL expression now."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from slipway.kinds import Samples
from slipway.metrics.asking import VALUE
from slipway.run import Json, Run
from slipway.vendor import Vendor, call, read_json
from slipway.vendor_faults import AnswerUnreadable

PROMETHEUS = Vendor(
    system="Prometheus",
    mends={400: "Correct the PromQL of the metric.", 422: "Correct the PromQL of the metric."},
)
TIMEOUT = 8.0  # seconds


def opened(connection: Any, asked: Mapping[str, Json], since: float) -> Callable[[], Samples]:
    """Return a reading of asked["query"]; one that gives nothing, or NaN, is no data."""

    def reading() -> Samples:
        answer = call(
            PROMETHEUS,
            connection.conn_id,
            "GET",
            "/api/v1/query",
            data={"query": asked["query"]},
            safe=False,
            timeout=TIMEOUT,
            known=connection,
        )
        found = _figures(read_json(PROMETHEUS, answer)["data"])
        if len(found) > 1:
            why = f"{len(found)} series where one figure is wanted; aggregate them, e.g. with sum()"
            raise AnswerUnreadable(PROMETHEUS.system, "GET /api/v1/query", why)
        return {} if not found or math.isnan(found[0]) else {(VALUE, ()): found[0]}

    return reading


def _figures(data: Mapping[str, Any]) -> list[float]:
    if data["resultType"] == "scalar":
        return [float(data["result"][1])]
    return [float(each["value"][1]) for each in data["result"]]


def look(run: Run) -> str:
    """Say which Prometheus it is; changes nothing."""
    from slipway.steps.reach import connection  # steps read metrics, so not at the top

    conn_id = connection(run, "prometheus").conn_id
    answer = read_json(PROMETHEUS, call(PROMETHEUS, conn_id, "GET", "/api/v1/status/buildinfo"))
    return f"Prometheus {answer['data']['version']} answers queries"
