"""What a step on staging tried: production takes that and nothing else."""

from slipway.kinds import ReleasingStep
from slipway.run import Json, Run
from slipway.steps.faults import NothingTried, NotTheApprovedCommit
from slipway.words import Phase


def tried_on_staging(run: Run, step: ReleasingStep) -> str:
    """Return the fact that `step` takes from the proof on staging; "" while the release is on staging itself.

    `prove` refuses a plan without a step on staging that leaves it.
    Raises NothingTried where that step left no proof: somebody marked it, or it was skipped.
    """
    if run.task_id.startswith(f"{Phase.STAGING}."):
        return ""
    evidence = run.evidence(step.tried_in)
    value: Json = evidence.proof.get(step.takes) if evidence else None
    if not value:
        raise NothingTried(step.tried_in)
    return str(value)


def see_that_it_was_tried(run: Run, step: ReleasingStep, name: str, commit: str) -> None:
    """See that production gets the commit that staging had; raises NothingTried and NotTheApprovedCommit.

    :param name: the version or tag that stands for the commit
    """
    tried = tried_on_staging(run, step)
    if tried and tried != commit:
        raise NotTheApprovedCommit(name, tried, commit)
