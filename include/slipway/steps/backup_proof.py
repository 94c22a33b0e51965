"""What a backup step of this release proved, for the step that restores its backup."""

from slipway.run import Json, Run
from slipway.steps.faults import BackupMissing

_PHASES = ("staging", "production")


def proof_of(run: Run, backup: str, *, holds: str) -> dict[str, Json]:
    """Return what the backup step proved. Raises BackupMissing.

    :param backup: the name of a step of the same phase, or of production in a rollback; or a whole task id
    :param holds: a fact that the proof of this kind of backup holds
    """
    phase = run.task_id.partition(".")[0]
    task_id = backup if "." in backup else f"{phase if phase in _PHASES else 'production'}.{backup}"
    evidence = run.evidence(task_id)
    if evidence is None or holds not in evidence.proof:
        raise BackupMissing(task_id)
    return dict(evidence.proof)
