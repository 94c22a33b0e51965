"""The task of a check: looks once, and again while patience lasts, without holding a worker."""

import time
from collections.abc import Mapping
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.airflow.gather import earlier_evidence
from slipway.airflow.run import AirflowRun
from slipway.airflow.triggers import CheckTrigger
from slipway.checks import HttpCheck, VersionServed, run_check
from slipway.checks.expect import Question
from slipway.checks.looking import HOPELESS
from slipway.codec import to_json
from slipway.environment import Environment
from slipway.kinds import Check
from slipway.run import Finding, Json
from slipway.words import Answer


class CheckSensor(BaseOperator):
    """Answer a check. Returns the finding; fails when it is blocking and not PASS.

    Patience is real time: a service does not start faster in a rehearsal.
    """

    ui_color = "#eaf6ec"

    def __init__(self, *, check: Check, environment: Environment, plan_name: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        self.environment = environment
        self.plan_name = plan_name

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Look once; wait in the triggerer if that is not enough yet."""
        return self._look(context)

    def look_again(self, context: Mapping[str, Any], until: float, event: Json = None) -> Json:
        """Look once more; `until` is when patience ends, in seconds since the epoch."""
        return self._look(context, until)

    def _look(self, context: Mapping[str, Any], until: float | None = None) -> Json:
        run = AirflowRun(context, self.environment, earlier_evidence(context))
        finding = run_check(self.check, run)
        run.log.info("%s: %s, %s", self.check.heading, finding.answer, finding.summary)
        if until is None:  # patience begins when the first look has ended, however long that took
            until = time.time() + self.check.patience.total_seconds()
        hopeless = finding.evidence.get(HOPELESS, False)
        if finding.answer is not Answer.PASS and time.time() < until and not hopeless:
            self._wait(run, until)
        return self._answer(context, finding)

    def _wait(self, run: AirflowRun, until: float) -> None:
        question = question_of(self.check, run)
        every = self.check.every
        trigger = (
            CheckTrigger(question=to_json(question), every=every.total_seconds(), until=until)
            if question
            else TimeDeltaTrigger(every)
        )
        self.defer(trigger=trigger, method_name="look_again", kwargs={"until": until})

    def _answer(self, context: Mapping[str, Any], finding: Finding) -> Json:
        if finding.answer is Answer.PASS or not self.check.blocking:
            return finding.to_json()
        # A failed task pushes no return value, but the gate and the report show what it found.
        context["ti"].xcom_push(key="return_value", value=finding.to_json())
        raise AirflowFailException(f"{self.check.heading}: {finding.answer}, {finding.summary}")


def question_of(check: Check, run: AirflowRun) -> Question | None:
    """Return the HTTP question that a trigger can ask instead of the task, if the check is one."""
    return check.question(run) if isinstance(check, HttpCheck | VersionServed) else None
