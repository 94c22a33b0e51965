"""Records of the ledger's tests: small, and with the values that a database likes to change."""

from datetime import UTC, datetime, timedelta

from slipway.graph import Kind
from slipway.record import ReleaseRecord, TaskRecord
from slipway.run import Evidence, Json
from slipway.words import Intent, Outcome

DAWN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def record(release_id: str, *, hour: int = 0, **facts: Json) -> ReleaseRecord:
    """Make the record of a release of planner that began `hour` hours after dawn and took ten minutes."""
    began = DAWN + timedelta(hours=hour)
    values: dict[str, Json] = {
        "plan": "planner",
        "title": "Planner",
        "plan_digest": "ab" * 32,
        "version": "v2",
        "outcome": Outcome.RELEASED,
        "environments": ("planner staging", "planner production"),
        "triggered_by": "rosa",
        "triggered_at": began,
        "ended_at": began + timedelta(minutes=10),
        "tasks": (deployed(began),),
    }
    return ReleaseRecord(release_id=release_id, **(values | facts))


def rolled_back(release_id: str, target: str, **facts: Json) -> ReleaseRecord:
    """Make the record of a run that undid the release `target`."""
    values: dict[str, Json] = {"outcome": Outcome.ROLLED_BACK}
    return record(release_id, intent=Intent.ROLL_BACK, rolls_back=target, **(values | facts))


def deployed(began: datetime) -> TaskRecord:
    """Make the record of a deploy step with evidence that a later rollback needs."""
    return TaskRecord(
        task_id="production.deploy",
        title="Deploy",
        does=Kind.STEP,
        kind="deploy_release",
        state="success",
        tries=1,
        started=began,
        ended=began + timedelta(seconds=9, microseconds=250),
        evidence=Evidence(
            before={"version": "v1", "ratio": 0.1, "big": 1e22, "zero": -0.0, "small": 1e-9},
            after={"version": "v2", "nothing": None, "lines": ["ü", "a\0b", "\ud800"], "odd": float("nan")},
        ),
    )
