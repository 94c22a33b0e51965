"""RunCheck: a check between two steps."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from slipway.environment import Environment
from slipway.kinds import Check, Undo
from slipway.run import Finding, Run
from slipway.steps import RunCheck
from slipway.steps.faults.checks import CheckNotPassed
from slipway.still_going import NotYet
from slipway.testing import LocalRun
from slipway.words import Answer

ENVIRONMENT = Environment(system="cpr", name="production", green="green_site")


@dataclass(frozen=True, kw_only=True)
class Told(Check):
    """Answers what stands in the run's parameters."""

    needs: ClassVar[tuple[str, ...]] = ("green",)

    def probe(self, run: Run) -> Finding:
        if run.parameters["answer"] == "breaks":
            raise OSError("no route to host")
        return Finding(answer=Answer(run.parameters["answer"]), summary="as told")


def run_that(answer: str) -> LocalRun:
    return LocalRun(environment=ENVIRONMENT, parameters={"answer": answer})


def step(**check: object) -> RunCheck:
    return RunCheck(name="smoke_test", check=Told(name="green_is_healthy", **check))  # type: ignore[arg-type]


def test_a_check_that_passes_lets_the_release_go_on() -> None:
    evidence = step().do(run_that("PASS"))
    assert evidence.proof == {"finding": {"answer": "PASS", "summary": "as told", "evidence": {}}}
    assert not evidence.changed


@pytest.mark.parametrize("answer", ["FAIL", "INCONCLUSIVE", "ERROR"])
def test_anything_but_a_pass_fails_the_step(answer: str) -> None:
    with pytest.raises(CheckNotPassed) as fault:
        step().do(run_that(answer))
    assert str(fault.value).startswith(f"Green is healthy: {answer}, as told. Nothing that comes after it")
    assert fault.value.saw_damage is (answer == "FAIL")


def test_a_check_that_breaks_fails_the_step() -> None:
    with pytest.raises(CheckNotPassed, match="ERROR, OSError: no route to host"):
        step().do(run_that("breaks"))


def test_patience_waits_without_a_worker_and_ends() -> None:
    patient, run = step(patience=timedelta(hours=1), every=timedelta(seconds=7)), run_that("FAIL")
    with pytest.raises(NotYet) as going:
        patient.do(run)
    assert going.value.pause(timedelta(0)) == timedelta(seconds=7)
    run.memory["since_1"] -= 3600
    with pytest.raises(CheckNotPassed):
        patient.do(run)
    with pytest.raises(NotYet):  # a second try of the task has the whole patience again
        patient.do(run)


def test_it_needs_what_its_check_needs_and_has_nothing_to_undo() -> None:
    assert step().needs == ("green",)
    assert step().connections(ENVIRONMENT) == ("green_site",)
    assert step().heading == "Green is healthy"
    assert step().undoing().undo is Undo.NOTHING
    assert not step().undo(run_that("FAIL"), step().do(run_that("PASS"))).changed
