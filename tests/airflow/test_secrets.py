"""What a program prints may hold a secret: none of it reaches log, XCom or failure (invariant I14)."""

import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk.exceptions import AirflowException
from tests import toy
from tests.airflow.task import a_run

from slipway.airflow import gather
from slipway.airflow.step import StepOperator, UndoOperator
from slipway.checks.looking import redacted
from slipway.compile import compile_plan
from slipway.errors import StepFailed, StepImpossible
from slipway.facts import Facts
from slipway.masking import masked_texts
from slipway.run import Evidence, Finding, Run
from slipway.words import Answer

SECRET = "sk_live_abc123"
PRINTED = f"STRIPE_API_KEY={SECRET}"


@dataclass(frozen=True, kw_only=True)
class Prints(toy.ToyStep):
    """Prints a secret, remembers it, shows it, and fails with it if it is to."""

    kind: ClassVar[str] = "prints"
    fails_as: type[StepFailed] | None = field(default=None)

    def do(self, run: Run) -> Evidence:
        before = run.remember("before", lambda: {"env": PRINTED})
        run.remember("first.ended.1", lambda: {"lines": [PRINTED]})
        run.log.info("| %s", PRINTED)
        if self.fails_as:
            raise self.fails_as(f"`env` failed: {PRINTED}")
        return Evidence(before=before, proof={"last_lines": [PRINTED], "tokens": "5 rows"}, summary=PRINTED)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        return Evidence(proof={"last_lines": [PRINTED]}, summary=PRINTED)


def executed(step: Prints) -> tuple[dict[str, Any], Any]:
    """Return the XComs that a step leaves, and what it returns or raises."""
    graph = compile_plan(toy.plan(on_staging=(*toy.steps()[:-1], step)))
    operator = StepOperator(task_id="deploy", node=graph.node("staging.deploy"), graph=graph, digest="")
    store, xcoms = dict[str, Any](), dict[str, Any]()
    keeps = SimpleNamespace(get=store.get, set=lambda key, value, retention=None: store.update({key: value}))
    ti = SimpleNamespace(
        dag_id="toy",
        run_id="r",
        task_id="staging.deploy",
        xcom_push=lambda key, value: xcoms.update({key: value}),
    )
    context = {"ti": ti, "task_state_store": keeps, "params": {"version": "v2"}, "run_id": "r"}
    try:
        return xcoms, operator.execute(context)
    except (StepFailed, AirflowException) as failure:
        return xcoms, failure


def test_what_a_step_shows_has_no_secret_and_its_state_before_is_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "slipway")
    xcoms, value = executed(Prints(name="deploy"))
    assert value["before"] == xcoms["before"] == {"env": PRINTED}  # the undo goes back to it
    assert value["proof"] == {"last_lines": ["STRIPE_API_KEY=***"], "tokens": "5 rows"}
    assert value["summary"] == "STRIPE_API_KEY=***"
    assert xcoms["first.ended.1"] == {"lines": ["STRIPE_API_KEY=***"]}
    assert "| STRIPE_API_KEY=***" in caplog.messages
    assert SECRET not in caplog.text


@pytest.mark.parametrize("fails_as", [StepFailed, StepImpossible])
def test_a_failure_has_no_secret(fails_as: type[StepFailed], caplog: pytest.LogCaptureFixture) -> None:
    xcoms, failure = executed(Prints(name="deploy", fails_as=fails_as))
    assert xcoms[gather.FAILURE] == str(failure) == "`env` failed: STRIPE_API_KEY=***"
    assert "`env` failed" in caplog.text
    assert SECRET not in caplog.text


def test_a_key_over_several_lines_is_masked_in_each_and_the_log_goes_on_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "slipway")
    key = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEabc", "-----END RSA PRIVATE KEY-----"]
    for line in ["| before", *key, "| after"]:
        a_run({}).log.info("%s", line)
    assert caplog.messages == ["| before", "***", "***", "***", "| after"]
    assert masked_texts({"last_lines": ["before", *key, "after"]}) == {
        "last_lines": ["before", "***", "after"]
    }


def test_a_log_call_that_is_written_wrongly_fails_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)  # else pytest's own handler raises
    a_run({}).log.warning("%d of %s", "x")


def test_an_undo_and_a_finding_show_none_either() -> None:
    steps = toy.steps()
    graph = compile_plan(toy.plan(on_production=(*steps[:-1], Prints(name="deploy"))))
    (node,) = [each for each in graph.nodes if each.undoes == "production.deploy"]
    operator = UndoOperator(task_id="undo", node=node, graph=graph)
    told = operator._undo(
        a_run({}), Facts(returned={node.undoes: Evidence(before={"a": 1}).to_json()}), "It ran"
    )
    assert told["undone"] is True
    assert SECRET not in str(told)

    finding = Finding(answer=Answer.FAIL, summary=f"found {PRINTED}", evidence={"lines": [PRINTED]})
    assert SECRET not in str(redacted(finding).to_json())
