"""The task of a watch: notes when the window began, waits in the triggerer, says how it ended."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.alerts import NOBODY, orders_for
from slipway.airflow.flow import passed_by
from slipway.airflow.gather import task_states, verdict_given
from slipway.airflow.meanwhile import ENDED
from slipway.airflow.run import AirflowRun
from slipway.airflow.triggers import WatchTrigger
from slipway.checks.baseline_limit import baseline_of
from slipway.codec import to_json
from slipway.environment import Environment
from slipway.graph import ASK, ReleaseGraph
from slipway.plan import DecisionMatrix
from slipway.run import Json, pace_of
from slipway.spans import length
from slipway.undoing import acts_unasked
from slipway.watch.schedule import beside_people, checkpoints, real_length
from slipway.watching import Watch
from slipway.words import Action, Answer

START = "watch_start"  # seconds since the epoch


class WatchOperator(BaseOperator):
    """Watch an environment; fails when a breach ends the window.

    Each checkpoint leaves the XCom `checkpoint_<n>`; at the end there is "breaches", all of them.

    :param baseline_task: the task that took the baseline, "" if none
    :param beside: the questions to people, or the wait, with whose end it ends
    """

    ui_color = "#f3ecfb"

    def __init__(
        self,
        *,
        watch: Watch,
        graph: ReleaseGraph,
        environment: Environment,
        baseline_task: str = "",
        beside: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.watch = watch
        self.graph = graph
        self.environment = environment
        self.baseline_task = baseline_task
        self.beside = list(beside)

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Begin the window, or go on with the one that an earlier try began."""
        run = AirflowRun(context, self.environment)
        begun = run.recall(run.counting(START))  # then an earlier try may have seen what ends the watch
        if self.beside and not begun and self._is_over(context):
            run.log.info("%s ended before this began: there is nothing to watch.", " and ".join(self.beside))
            return {"answer": str(Answer.PASS), "checkpoints": 0}
        watch, pace, matrix = self.watch, pace_of(run), self.graph.plan.matrix
        orders = orders_for(context, self.graph)
        if self.beside:
            watch, pace = beside_people(watch, pace), 1.0
        if ASK in self.beside:
            matrix, orders = _what_cannot_wait(context, matrix), NOBODY
        # What a second try missed of a rehearsal cannot be made good, so it begins anew.
        asked = float(run.remember(run.counting(START), time.time)) if pace == 1 else time.time()
        baseline = baseline_of(run.evidence(self.baseline_task)) if self.baseline_task else {}
        self._announce(run, watch, pace, baseline)
        trigger = WatchTrigger(
            watch=to_json(watch),
            matrix=to_json(matrix),
            environment=to_json(self.environment),
            baseline=baseline,
            pace=pace,
            asked=asked,
            orders=orders,
            beside=self.beside,
        )
        self.defer(trigger=trigger, method_name="conclude")
        raise AssertionError("a task that defers has ended here")

    def _is_over(self, context: Mapping[str, Any]) -> bool:
        states = task_states(context)
        return all(states.get(task_id) in ENDED for task_id in self.beside)

    def _announce(self, run: AirflowRun, watch: Watch, pace: float, baseline: Mapping[str, float]) -> None:
        planned, count = length(watch.length), len(checkpoints(watch))
        if self.beside:
            run.log.info(
                "Watching %s until %s ended. A limit beyond which the release must not wait ends that, too.",
                self.environment.label, f"{' and '.join(self.beside)} {'have' if self.beside[1:] else 'has'}",
            )  # fmt: skip
        else:
            in_short = f", in {length(timedelta(seconds=real_length(watch, pace)))} at pace {pace:g}"
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
        answers = ", ".join(f"{count} {answer}" for answer, count in event["answers"].items()) or "none"
        run.log.info("The watch answers %s. Its checkpoints: %s.", event["answer"], answers)
        # Last of all: a try that dies before it goes on with this window; a clear later begins anew.
        run.over(run.counting(START))
        last = event["ended_by"]
        if last is not None:
            raise AirflowFailException(f"{last['severity']}: {last['reason']}. Action: {last['action']}.")
        return dict(event)


def _what_cannot_wait(context: Mapping[str, Any], matrix: DecisionMatrix) -> DecisionMatrix:
    """Return the matrix beside "fix forward or roll back?": only what rolls back by itself ends that watch.

    After a point of no return nothing is, and the question stays (invariant I10).
    """
    verdict = verdict_given(context)
    if verdict is None or verdict.no_return:
        raise passed_by("only a person decides here" if verdict else "there is no verdict")
    rules = [
        rule if acts_unasked(rule.action) else replace(rule, action=Action.CONTINUE) for rule in matrix.rules
    ]
    return replace(matrix, rules=tuple(rules))
