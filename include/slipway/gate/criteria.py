"""What the checks behind a criterion say, and what staging proved."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from slipway.gate.records import CriterionState
from slipway.kinds import ReleasingStep
from slipway.plan import Criterion, Plan
from slipway.run import Json
from slipway.words import Answer, Phase

_WORST_FIRST = (Answer.ERROR, Answer.FAIL, Answer.INCONCLUSIVE, Answer.PASS)


def evidence_tasks(plan: Plan) -> dict[str, str]:
    """Return the task that leaves the evidence, by the name of the check, checklist or staging step."""
    phases = (
        (Phase.PREFLIGHT, plan.preflight),
        (Phase.STAGING, plan.on_staging),
        (Phase.VALIDATION, plan.validate),
    )
    return {part.name: f"{phase}.{part.name}" for phase, parts in phases for part in parts}


def state_of(criterion: Criterion, results: Mapping[str, Json]) -> CriterionState:
    """Judge a criterion by what its checks returned; the worst answer counts, and nothing is never PASS.

    :param results: a finding or an evidence as JSON, by name; None or absent where a task left nothing
    """
    found = [(name, *_read(results.get(name))) for name in criterion.checks]
    answers = [answer for _, answer, _ in found] or [Answer.INCONCLUSIVE]
    return CriterionState(
        text=criterion.text,
        answer=min(answers, key=_WORST_FIRST.index),
        findings=tuple(f"{name}: {answer}: {summary}" for name, answer, summary in found),
    )


def commits(plan: Plan, results: Mapping[str, Json]) -> dict[str, str]:
    """Return the commit that each staging step proved to have deployed."""
    return dict(_proved(plan, results, "commit"))


def packages(plan: Plan, results: Mapping[str, Json]) -> dict[str, str]:
    """Return the SHA-256 of the package that each staging step proved to have deployed."""
    return dict(_proved(plan, results, "package_sha256"))


def unproved(plan: Plan, results: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the tasks on staging that left no proof of what they tried, and production must take just that.

    Each of them succeeded, or nobody would be asked: it was marked by hand, or skipped.
    """
    in_stages = (step for rollout in plan.strategies for stage in rollout.stages for step in stage.steps)
    takers = [step for step in (*plan.on_production, *in_stages) if isinstance(step, ReleasingStep)]
    names = {task_id: name for name, task_id in evidence_tasks(plan).items()}
    missing = [step for step in takers if not _fact(results.get(names.get(step.tried_in, "")), step.takes)]
    return tuple(dict.fromkeys(step.tried_in for step in missing))


def parameters_digest(parameters: Mapping[str, Json]) -> str:
    """Return the SHA-256 of the parameters that the release was triggered with."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _proved(plan: Plan, results: Mapping[str, Json], fact: str) -> Iterator[tuple[str, str]]:
    for step in plan.on_staging:
        value = _fact(results.get(step.name), fact)
        if value:
            yield step.name, str(value)


def _fact(result: Json, fact: str) -> Json:
    return ((result or {}).get("proof") or {}).get(fact)


def _read(result: Json) -> tuple[Answer, str]:
    """A check says its answer itself; a step's evidence exists only if the step succeeded."""
    if not isinstance(result, Mapping):
        return Answer.INCONCLUSIVE, "it left no evidence"
    if "answer" in result:
        return Answer(result["answer"]), str(result.get("summary", ""))
    return Answer.PASS, str(result.get("summary") or "done")
