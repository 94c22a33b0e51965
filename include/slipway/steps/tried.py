"""What a step on staging tried: production takes that and nothing else."""

from slipway.run import Json, Run
from slipway.steps.faults import NothingTried
from slipway.words import Phase


def tried_on_staging(run: Run, step: str, fact: str) -> str:
    """Return what the proof of a step on staging says of `fact`; "" while the release is on staging itself.

    :param step: the step's name; `prove` refuses a plan without such a step on staging
    :param fact: a key of its proof, e.g. "commit"
    Raises NothingTried where the step left no proof: somebody marked it, or it was skipped.
    """
    if run.task_id.startswith(f"{Phase.STAGING}."):
        return ""
    task_id = f"{Phase.STAGING}.{step}"
    evidence = run.evidence(task_id)
    value: Json = evidence.proof.get(fact) if evidence else None
    if not value:
        raise NothingTried(task_id)
    return str(value)
