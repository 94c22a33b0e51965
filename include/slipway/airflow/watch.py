"""The task of a watch: notes when the window began, waits in the triggerer, says how it ended."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.alerts import orders_for
from slipway.airflow.run import AirflowRun
from slipway.airflow.triggers import WatchTrigger
from slipway.checks.baseline_limit import baseline_of
from slipway.codec import to_json
from slipway.environment import Environment
from slipway.graph import ReleaseGraph
from slipway.run import Json, pace_of
from slipway.watch.render import length
from slipway.watch.schedule import checkpoints, real_length
from slipway.watching import Watch

START = "watch_start"  # seconds since the epoch


class WatchOperator(BaseOperator):
    """Watch an environment; fails when a breach ends the window.

    Each checkpoint leaves the XCom `checkpoint_<n>`; at the end there is "breaches", all of them.

    :param baseline_task: the task that took the baseline, "" if none
    """

    ui_color = "#f3ecfb"

    def __init__(
        self,
        *,
        watch: Watch,
        graph: ReleaseGraph,
        environment: Environment,
        baseline_task: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.watch = watch
        self.graph = graph
        self.environment = environment
        self.baseline_task = baseline_task

    def execute(self, context: Mapping[str, Any]) -> NoReturn:
        """Begin the window, or go on with the one that an earlier try began."""
        run = AirflowRun(context, self.environment)
        pace = pace_of(run)
        # What a second try missed of a rehearsal cannot be made good, so it begins anew.
        asked = float(run.remember(run.counting(START), time.time)) if pace == 1 else time.time()
        baseline = baseline_of(run.evidence(self.baseline_task)) if self.baseline_task else {}
        self._announce(run, pace, baseline)
        trigger = WatchTrigger(
            watch=to_json(self.watch),
            matrix=to_json(self.graph.plan.matrix),
            environment=to_json(self.environment),
            baseline=baseline,
            pace=pace,
            asked=asked,
            orders=orders_for(context, self.graph),
        )
        self.defer(trigger=trigger, method_name="conclude")

    def _announce(self, run: AirflowRun, pace: float, baseline: Mapping[str, float]) -> None:
        planned, count = length(self.watch.length), len(checkpoints(self.watch))
        in_short = f", in {length(timedelta(seconds=real_length(self.watch, pace)))} at pace {pace:g}"
        run.log.info(
            "Watching %s for %s with %d checkpoints%s.",
            self.environment.label, planned, count, in_short if pace != 1 else "",
        )  # fmt: skip
        known = ", ".join(f"{name} {value:.6g}" for name, value in sorted(baseline.items()))
        run.log.info("Baseline: %s", known or "none")

    def conclude(self, context: Mapping[str, Any], event: Mapping[str, Json]) -> Json:
        """Hand on the breaches; fail if one of them ended the watch."""
        run = AirflowRun(context, self.environment)
        context["ti"].xcom_push(key="breaches", value=event["breaches"])
        for breach in event["breaches"]:
            run.log.info(
                "%s at checkpoint %d: %s", breach["severity"], breach["checkpoint"], breach["reason"]
            )
        answers = ", ".join(f"{count} {answer}" for answer, count in event["answers"].items())
        run.log.info(
            "The watch answers %s after %d checkpoints (%s).", event["answer"], event["checkpoints"], answers
        )
        # Last of all: a try that dies before it goes on with this window; a clear later begins anew.
        run.over(run.counting(START))
        last = event["ended_by"]
        if last is not None:
            raise AirflowFailException(f"{last['severity']}: {last['reason']}. Action: {last['action']}.")
        return dict(event)
