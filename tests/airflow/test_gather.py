"""The facts of a release: each is asked of Airflow when somebody looks at it, and once."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests import toy

from slipway.airflow import gather
from slipway.airflow.gather import Asked, NotUnderstood
from slipway.airflow.rest import ApiRefused, EventLog
from slipway.compile import compile_plan
from slipway.facts import Breach, Facts
from slipway.graph import WATCH, Kind
from slipway.undoing import Fate, way_of
from slipway.verdict import Branch, Verdict
from slipway.words import Action, Severity

DEPLOY, FIRST, SECOND = "production.deploy", "validation.staging_answers", "verification.answers"
FAILED = "failed"
BREACH = {"severity": "HIGH", "reason": "errors"}


class Release:
    """A release in which much failed, as its tasks ask Airflow for it.

    :param pulled: the (task, key) of each XCom that was asked for
    :param read: how often the audit log was
    """

    dag_id, run_id = "toy", "r"

    def __init__(self) -> None:
        self.pulled: list[tuple[str, str]] = []
        self.read = 0
        self.log_in_fails: Exception | None = None
        self.states = {
            "staging.deploy": "success",
            DEPLOY: FAILED,
            FIRST: FAILED,
            SECOND: FAILED,
            WATCH: FAILED,
        }
        self.left: dict[tuple[str, str], Any] = {
            (DEPLOY, "failure"): "the disk is full",
            (DEPLOY, "saw_damage"): True,
            (WATCH, "breaches"): [BREACH],
            ("staging.deploy", "return_value"): {"proof": {"commit": "abc"}},
        }

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {"r": self.states}

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        self.pulled.append((task_ids, key))
        return self.left.get((task_ids, key))

    def event_logs(self, *_: object) -> list[EventLog]:
        self.read += 1
        if self.log_in_fails:
            raise self.log_in_fails
        marked = {"event": "patch_task_instance", "owner": "ann", "extra": {"new_state": FAILED}}
        return [EventLog(at=datetime.now(UTC), task_id=task_id, **marked) for task_id in (FIRST, SECOND)]

    def facts(self) -> Facts:
        return gather.gather({"ti": self, "params": {"intent": "release"}}, compile_plan(toy.plan()))


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Release:
    made = Release()
    task = SimpleNamespace(started_at=None)
    api = SimpleNamespace(event_logs=made.event_logs, task_instance=lambda *_: task)
    monkeypatch.setattr(gather, "AirflowApi", lambda: api)
    return made


def test_what_nobody_looks_at_is_not_asked_for(release: Release) -> None:
    facts = release.facts()
    assert facts.state(DEPLOY) == FAILED
    of_the_verdict = {"failure", "saw_damage", "breaches"}
    assert release.pulled
    assert [key for _, key in release.pulled if key in of_the_verdict] == []
    assert not {FIRST, SECOND, "staging.deploy"} & {task_id for task_id, _ in release.pulled}
    assert release.read == 0


def test_an_undo_of_everything_asks_of_no_other_step_whether_it_acted(release: Release) -> None:
    graph, facts = compile_plan(toy.plan()), release.facts()
    undos = {node.undoes: node for node in graph.of_kind(Kind.UNDO)}
    idle = [node.task_id for node in graph.production_steps() if node.task_id not in release.states]
    assert len(idle) > 1
    verdict = Verdict(branch=Branch.ROLL_BACK, action=Action.ROLL_BACK)
    release.pulled.clear()
    assert way_of(graph, facts, verdict, undos[DEPLOY]).fate is Fate.UNDO
    assert release.pulled == []
    assert way_of(graph, facts, verdict, undos[idle[-1]]).fate is Fate.NOT_REACHED
    assert release.pulled == [(idle[-1], "return_value"), (idle[-1], "before")]


def test_what_is_looked_at_is_asked_for_once(release: Release) -> None:
    facts = release.facts()
    release.pulled.clear()
    for _ in range(2):
        assert facts.returned["staging.deploy"] == {"proof": {"commit": "abc"}}
        assert facts.failures.get(DEPLOY) == "the disk is full"
        assert DEPLOY in facts.damage
        assert list(facts.breaches[WATCH]) == [Breach(severity=Severity.HIGH, reason="errors")]
    assert sorted(release.pulled) == sorted(release.left)


def test_a_task_that_is_none_of_those_is_not_asked_for(release: Release) -> None:
    facts = release.facts()
    release.pulled.clear()
    assert "staging.deploy" not in facts.damage
    assert DEPLOY not in facts.marked
    assert facts.breaches.get(DEPLOY) is None
    assert facts.failures.get("nowhere") is None
    assert (release.pulled, release.read) == ([], 0)


def test_the_audit_log_is_read_once_for_all_that_may_be_marked(release: Release) -> None:
    facts = release.facts()
    assert FIRST in facts.marked
    assert SECOND in facts.marked
    assert release.read == 1


def test_an_audit_log_that_does_not_answer_is_asked_once(release: Release) -> None:
    release.log_in_fails = ApiRefused("GET", "/eventLogs", 503, "busy")
    facts = release.facts()
    assert FIRST not in facts.marked
    assert SECOND not in facts.marked
    assert release.read == 1


@pytest.mark.parametrize(
    ("state", "finding", "asked"),
    [
        (FAILED, None, True),
        (FAILED, {"answer": "PASS"}, True),  # a person marks what has passed
        (FAILED, {"answer": "INCONCLUSIVE"}, True),
        (FAILED, {"answer": "FAIL"}, False),
        ("success", {"answer": "PASS"}, False),
    ],
)
def test_a_check_that_failed_without_saying_so_may_be_marked(
    release: Release, state: str, finding: dict[str, str] | None, asked: bool
) -> None:
    release.states = {FIRST: state}
    release.left = {(FIRST, "return_value"): finding}
    assert (FIRST in release.facts().marked) is asked


def test_an_answer_of_another_shape_is_no_missing_answer(release: Release) -> None:
    release.left[WATCH, "breaches"] = [{"reason": "errors"}]
    release.log_in_fails = KeyError("when")
    facts = release.facts()
    with pytest.raises(NotUnderstood, match=f"{WATCH} has no 'severity'"):
        facts.breaches.get(WATCH)
    with pytest.raises(NotUnderstood, match=f"{FIRST} has no 'when'"):
        assert FIRST not in facts.marked


def test_what_is_known_of_nothing_is_empty() -> None:
    asked: Asked[str] = Asked(["a", "b"], lambda task_id: task_id if task_id == "a" else None)
    assert (dict(asked), len(asked), "b" in asked) == ({"a": "a"}, 1, False)
