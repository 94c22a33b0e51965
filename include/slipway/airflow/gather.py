"""Gather the facts of a release from a running task: states and XComs."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from slipway.airflow.gate_facts import MARKS, marks_for
from slipway.airflow.rest import AirflowApi
from slipway.airflow.run import BEFORE
from slipway.checks import Expected, VersionServed
from slipway.errors import SlipwayError
from slipway.facts import NOT_REACHED, Breach, Facts
from slipway.graph import ANSWER, ROLLBACK_START, VERDICT, Kind, Node, ReleaseGraph
from slipway.kinds import Step
from slipway.run import Json
from slipway.steps.airflow_task import AirflowTask
from slipway.verdict import Branch, Verdict
from slipway.words import Answer, Intent

LOG = logging.getLogger("slipway")
T = TypeVar("T")
OVERTAKEN = "overtaken"  # the XCom of an answer: the verdict that asked, and the one that is in force since
BACKED_UP_AT = "backed_up_at"  # the XCom of a backup: seconds since the epoch
FAILURE = "failure"  # the XCom of a step that failed, with its reason
SLACK = timedelta(seconds=5)  # a mark also starts what never began, and is written a moment before or after
DAMAGE = "saw_damage"  # in the task state store of a step of which a try saw damage: XComs end with their try


def gather(context: Mapping[str, Any], graph: ReleaseGraph) -> Facts:
    """Read the states of all tasks, and what those that ran have returned."""
    ti = context["ti"]
    states = task_states(context)
    steps = graph.production_steps()
    ran = [n for n in graph.nodes if n in steps or _left_something(n, states.get(n.task_id, ""))]
    keys = {node.task_id: key_of(node) for node in ran}
    returned: Mapping[str, Json] = Asked(keys, lambda task_id: _pull(ti, task_id, keys[task_id]))
    watches = [node.task_id for node in ran if node.kind is Kind.WATCH]
    failed = [n.task_id for n in ran if n.kind is Kind.STEP and states.get(n.task_id) == "failed"]
    looks = [
        n.task_id for n in ran if n.kind in (Kind.CHECK, Kind.CHECKLIST) and states.get(n.task_id) == "failed"
    ]

    @cache
    def marked() -> frozenset[str]:
        return marked_failed(ti, [task_id for task_id in looks if not _says_so(returned.get(task_id))])

    intent = Intent(context["params"]["intent"])
    # A later rollback has its steps from the record.
    idle = [n.task_id for n in steps if states.get(n.task_id, "") in NOT_REACHED and intent is Intent.RELEASE]
    return Facts(
        intent=intent,
        procedure=context["params"].get("procedure") or "",
        states=states,
        returned=returned,
        failures=Asked(failed, lambda task_id: _pull(ti, task_id, FAILURE)),
        damage=Asked(failed, lambda task_id: _saw_damage(ti, task_id) or None),
        marked=Asked(looks, lambda task_id: task_id in marked() or None),
        breaches=Asked(watches, lambda task_id: _breaches(ti, task_id)),
        # XComs outlive a clear, until a new try begins.
        acted=Asked(idle, lambda t: t in returned or _pull(ti, t, BEFORE) is not None or None),
        backup_age=_backup_age(ti, steps),
        earlier=((returned.get(ROLLBACK_START) or {}).get("earlier")) or {},
    )


def _left_something(node: Node, state: str) -> bool:
    """Whether a task may have returned something: an undo that skips itself says why."""
    return state not in NOT_REACHED or (state == "skipped" and node.kind in (Kind.UNDO, Kind.RESTORE))


def _saw_damage(ti: Any, task_id: str) -> bool:
    """Ask the state store, which outlives a try; where it does not answer, what a killed try saw is lost."""
    if _pull(ti, task_id, DAMAGE):
        return True
    try:
        return bool(AirflowApi().state_store(ti.dag_id, ti.run_id, task_id, DAMAGE))
    except SlipwayError as error:
        LOG.warning("Whether an earlier try of %s saw damage cannot be told: %s", task_id, error)
        return False


def _says_so(finding: Json | None) -> bool:
    """Whether a check or checklist that failed says it itself.

    Another one may have been marked by a person; or it was killed, or could not look.
    """
    return (finding or {}).get("answer") == Answer.FAIL


def marked_failed(ti: Any, tasks: Sequence[str]) -> frozenset[str]:
    """Return those that a person marked failed, by the audit log; none where it does not answer.

    A mark from before the task began anew is over.
    """
    if not tasks:
        return frozenset()
    api, found = AirflowApi(), set()
    try:
        rows = api.event_logs(ti.dag_id, ti.run_id, MARKS)
        for task_id in tasks:
            marks = [mark.at for mark in marks_for(task_id, rows) if mark.state == "failed"]
            began = api.task_instance(ti.dag_id, ti.run_id, task_id).started_at if marks else None
            if marks and (began is None or max(marks) >= began - SLACK):
                found.add(task_id)
    except SlipwayError as error:
        LOG.warning("Whether %s was marked cannot be told: %s", ", ".join(tasks), error)
        return frozenset()
    return frozenset(found)


def _backup_age(ti: Any, steps: Sequence[Node]) -> timedelta | None:
    backups = [node.task_id for node in steps if isinstance(node.item, Step) and node.item.backs_up]
    begun = [at for task_id in backups if (at := _pull(ti, task_id, BACKED_UP_AT)) is not None]
    return timedelta(seconds=time.time() - min(begun)) if begun else None


class NotUnderstood(SlipwayError):
    """Airflow answered, and what it must say is not in the answer."""

    def __init__(self, task_id: str, missing: KeyError) -> None:
        super().__init__(
            f"What Airflow says of {task_id} has no {missing}: see that its version is supported."
        )


class Asked(Mapping[str, T]):
    """What Airflow knows of these tasks, by task id; each is asked for when it is looked at, and once.

    A release has a hundred tasks, and an undo looks at two of them. Raises NotUnderstood: a KeyError of an
    answer would pass for "nothing is known".

    :param ask: returns what is known of a task, None if nothing is
    """

    def __init__(self, task_ids: Iterable[str], ask: Callable[[str], T | None]) -> None:
        self._task_ids, self._ask = tuple(task_ids), ask
        self._found: dict[str, T | None] = {}

    def __getitem__(self, task_id: str) -> T:
        if task_id not in self._found:
            self._found[task_id] = self._known(task_id) if task_id in self._task_ids else None
        if (value := self._found[task_id]) is None:
            raise KeyError(task_id)
        return value

    def _known(self, task_id: str) -> T | None:
        try:
            return self._ask(task_id)
        except KeyError as missing:
            raise NotUnderstood(task_id, missing) from missing

    def __iter__(self) -> Iterator[str]:
        return (task_id for task_id in self._task_ids if task_id in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def key_of(node: Node) -> str:
    """Return the XCom key under which a task leaves what it did or found."""
    if isinstance(node.item, AirflowTask):
        return "evidence"  # an ordinary operator returns what it likes
    return "answer" if node.kind is Kind.ANSWER else "return_value"


def task_states(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the state of every task of this run that has one."""
    ti = context["ti"]
    found = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])
    return {task_id: str(state or "") for task_id, state in found.get(ti.run_id, {}).items()}


def verdict_given(context: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict of this release, None if there is none (yet, or because it was marked by hand)."""
    value = _pull(context["ti"], VERDICT)
    return Verdict.from_json(value) if value else None


def verdict_in_force(context: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict, or what has overtaken the question that it asked."""
    verdict = verdict_given(context)
    if verdict is None or verdict.branch is not Branch.ASK:
        return verdict
    left = _pull(context["ti"], ANSWER, OVERTAKEN)
    # An answer from before the verdict was cleared is over, and its XCom is still there.
    return Verdict.from_json(left["since"]) if left and left["asked"] == verdict.to_json() else verdict


def earlier_evidence(context: Mapping[str, Any]) -> dict[str, Json]:
    """Return what the release left that is rolled back now; {} if this one rolls back none but itself."""
    return (_pull(context["ti"], ROLLBACK_START) or {}).get("earlier") or {}


def _pull(ti: Any, task_id: str, key: str = "return_value") -> Json | None:
    return ti.xcom_pull(task_ids=task_id, key=key)


def _breaches(ti: Any, task_id: str) -> list[Breach]:
    return [Breach.from_json(value) for value in _pull(ti, task_id, "breaches") or []]


def version_before(context: Mapping[str, Any], graph: ReleaseGraph) -> str:
    """Return the version that a check noted before production or a deploy step found there; "" if none."""
    for node in graph.of_kind(Kind.CHECK):
        if isinstance(node.item, VersionServed) and node.item.expects is Expected.ANY:
            noted = (_pull(context["ti"], node.task_id) or {}).get("evidence") or {}
            if version := noted.get("version"):
                return str(version)
    for node in graph.production_steps():
        before = _pull(context["ti"], node.task_id, BEFORE) or {}
        if version := before.get("version") or before.get("served"):
            return str(version)
    return ""
