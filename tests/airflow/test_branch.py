"""What is skipped with a branch that is not taken."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, Context
from airflow.sdk.exceptions import DownstreamTasksSkipped
from airflow.sdk.execution_time import task_runner
from tests import toy

from slipway.airflow.branch import cut_off_by, follow_the_failure, skipped_with
from slipway.airflow.build import build
from slipway.airflow.flow import too_on_the_way
from slipway.compile import compile_plan
from slipway.graph import CHECK_CONNECTIONS, REPORT, ROLLBACK_START, VERDICT
from slipway.words import Intent


def release() -> DAG:
    return build(compile_plan(toy.plan(strategies=toy.rollouts())))


def test_with_the_start_of_a_rollback_all_of_it_is_skipped_and_nothing_else() -> None:
    dag = release()
    rollback = [task_id for task_id in dag.task_ids if task_id.startswith("rollback.")]
    assert set(skipped_with(dag, [ROLLBACK_START], {})) == set(rollback)
    assert len(rollback) > 5


def test_with_the_way_of_a_release_its_phases_are_skipped_and_not_what_always_runs() -> None:
    dag = release()
    skipped = set(skipped_with(dag, [CHECK_CONNECTIONS], {}))
    assert {"preflight.reachable", "staging.deploy", "gate.go_no_go"} < skipped
    assert skipped.isdisjoint({VERDICT, REPORT, "outcome", "gate.decision", ROLLBACK_START})


def test_a_later_rollback_begins_to_judge_as_soon_as_it_has_started() -> None:
    dag = release()
    skipped = set(skipped_with(dag, [CHECK_CONNECTIONS, *too_on_the_way(Intent.ROLL_BACK)], {}))
    assert dag.get_task(VERDICT).upstream_task_ids <= skipped | {"start"}
    assert too_on_the_way(Intent.RELEASE) == ()


def test_of_two_strategies_the_other_one_is_skipped_and_what_comes_after_both_is_not() -> None:
    dag = release()
    skipped = set(skipped_with(dag, ["rollout.all.enable"], {}))
    assert skipped == {"rollout.all.enable", "rollout.all.soak"}


def test_a_way_back_that_has_begun_goes_on_when_a_branch_before_it_is_cleared() -> None:
    dag = release()
    first, second, *_ = [t for t in dag.task_ids if t.startswith("rollback.undo_")]
    states = {ROLLBACK_START: "success", first: "running", second: "deferred"}
    assert skipped_with(dag, [ROLLBACK_START], states) == []
    assert set(skipped_with(dag, [ROLLBACK_START, second], states)) == {second}


class Ti:
    """A task instance as far as a branch uses it."""

    dag_id, run_id, map_index = "toy", "r", -1

    def __init__(self, task: BaseOperator, states: dict[str, str]) -> None:
        self.task, self.states, self.left = task, states, {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.left[key] = value

    def get_task_states(self, **of: Any) -> dict[str, dict[str, str]]:
        return {"r": self.states}


def started(intent: Intent) -> tuple[DAG, Ti]:
    """Run the start of a release; raises what skips its other way."""
    dag = release()
    ti = Ti(dag.get_task("start"), {"start": "running"})
    ti.task.execute({"ti": ti, "dag": dag, "params": {"intent": intent, "version": "v2"}})
    return dag, ti


def test_the_start_of_a_later_rollback_skips_the_release_and_not_what_judges_it() -> None:
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        started(Intent.ROLL_BACK)
    assert skipped.value.tasks == skipped_with(release(), [CHECK_CONNECTIONS, "gate.decision"], {})
    assert "production.deploy" in skipped.value.tasks
    assert VERDICT not in skipped.value.tasks


def test_the_start_of_a_release_skips_nothing_for_the_verdict_waits_at_its_end() -> None:
    dag, ti = started(Intent.RELEASE)
    assert set(ti.left["skipmixin_key"]["followed"]) == dag.get_task("start").downstream_task_ids


# ---- A failure ----


def test_a_step_that_fails_cuts_off_the_rest_of_the_release_and_not_what_judges_it() -> None:
    dag = release()
    gone = cut_off_by(dag, "production.deploy", {"production.deploy": "running"})
    assert {"verification.answers", "rollout.first.soak", "watch.watch_production"} < set(gone)
    assert "production.deploy" not in gone
    assert set(gone).isdisjoint({VERDICT, REPORT, ROLLBACK_START, "outcome"})
    assert gone == [task.task_id for task in dag.tasks if task.task_id in gone]


def test_what_has_a_state_after_a_failure_is_left_alone_with_what_hangs_on_it() -> None:
    states = {
        "preflight.reachable": "running",
        "preflight.reviewed": "awaiting_input",
    }  # the first was cleared
    assert cut_off_by(release(), "preflight.reachable", states) == []


def test_what_closes_questions_is_cut_off_only_where_none_of_its_causes_begins() -> None:
    with DAG("toy", schedule=None) as dag:
        step, look, form, later = (BaseOperator(task_id=name) for name in ("step", "look", "form", "later"))
        here = BaseOperator(task_id="close_here", trigger_rule="one_failed")
        there = BaseOperator(task_id="close_there", trigger_rule="one_failed")
        verdict = BaseOperator(task_id="verdict", trigger_rule="all_done")
        step >> [look, form] >> later >> verdict
        [look, form] >> here >> verdict
        later >> there >> verdict
    assert cut_off_by(dag, "look", {"step": "success", "form": "awaiting_input"}) == ["later", "close_there"]
    assert set(cut_off_by(dag, "step", {})) == {"look", "form", "later", "close_here", "close_there"}


def test_the_tasks_of_a_release_call_back_when_they_fail_and_those_of_a_rollback_do_not() -> None:
    dag = release()

    def calls(task_id: str, kind: str) -> bool:
        return bool(getattr(dag.get_task(task_id), kind))

    for task_id in (
        "start",
        "preflight.reachable",
        "production.deploy",
        "rollout.first.soak",
        "gate.decision",
    ):
        assert calls(task_id, "on_failure_callback"), task_id
    for task_id in (VERDICT, ROLLBACK_START, "rollback.undo_deploy", REPORT):
        assert not calls(task_id, "on_failure_callback"), task_id
    assert [t for t in dag.task_ids if calls(t, "on_skipped_callback")] == ["gate.decision"]


def called_back(
    monkeypatch: pytest.MonkeyPatch,
    states: dict[str, str],
    task_id: str = "gate.decision",
    ended: str = "failed",
) -> list[list[str]]:
    """Let a task call back; return what it skips, in one list for each call of Airflow's."""
    sent: list[Any] = []
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(send=sent.append), raising=False)
    dag = release()
    ti: Any = Ti(dag.get_task(task_id), states)
    ti.state = ended
    follow_the_failure(Context(ti=ti, dag=dag, task=ti.task))
    return [each.tasks for each in sent]


def test_what_is_cut_off_is_skipped_in_one_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    states = {"gate.go_no_go": "failed", "gate.decision": "running"}
    with caplog.at_level("INFO", "slipway"):
        [skipped] = called_back(monkeypatch, states)
    assert skipped == cut_off_by(release(), "gate.decision", states)
    assert f"Skipped at once: {len(skipped)} tasks that cannot run any more." in caplog.text
    assert called_back(monkeypatch, states | dict.fromkeys(skipped, "skipped")) == []


@pytest.mark.parametrize("marked", ["success", "failed", "up_for_retry"])
def test_a_task_that_was_marked_while_it_ran_skips_nothing(
    monkeypatch: pytest.MonkeyPatch, marked: str
) -> None:
    assert called_back(monkeypatch, {"staging.deploy": marked}, "staging.deploy") == []


def test_the_dag_processor_which_calls_back_for_a_killed_task_skips_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert called_back(monkeypatch, {"staging.deploy": "running"}, "staging.deploy", ended="") == []


def test_what_begins_when_one_is_done_is_skipped_only_with_all_before_it() -> None:
    with DAG("toy", schedule=None) as dag:
        one, other = BaseOperator(task_id="one"), BaseOperator(task_id="other")
        join = BaseOperator(task_id="join", trigger_rule="none_failed_min_one_success")
        last = BaseOperator(task_id="last", trigger_rule="all_done")
        [one, other] >> join >> last
    assert skipped_with(dag, ["one"], {}) == ["one"]
    assert skipped_with(dag, ["one", "other"], {}) == ["one", "other", "join"]
