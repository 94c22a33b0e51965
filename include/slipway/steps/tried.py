"""What a step on staging tried: production takes that and nothing else."""

from slipway.kinds import ReleasingStep
from slipway.run import Json, Run
from slipway.steps.faults import NothingTried, NotTheApprovedCommit, NotTheTriedPackage
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


def see_that_package_was_tried(run: Run, step: ReleasingStep, name: str, sha256: str) -> None:
    """See that production gets the bytes that staging had; raises NothingTried and NotTheTriedPackage.

    :param name: of the file or folder that the build made
    :param sha256: of what it holds now
    """
    tried = tried_on_staging(run, step)
    if tried and tried != sha256:
        raise NotTheTriedPackage(name, step.tried_in, tried, sha256)
    known = f": {step.tried_in} tried this very content" if tried else ""
    run.log.info("%s has SHA-256 %s%s", name, sha256, known)
