"""A production step that fails, each by what makes it fail in earnest: all that ran is undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.stack import Stack
from slipway.words import Outcome

pytestmark = pytest.mark.e2e

STEPS = [
    "production.back_up_database",
    "production.fetch_release",
    "production.upgrade_schema",
    "production.deploy_application",
    "production.enable_features",
]


@contextmanager
def a_file_where_the_backups_go(production: Production) -> Iterator[None]:
    folder = production.sandbox.root / "backups"
    aside = folder.rename(folder.with_name("backups.aside"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@contextmanager
def a_foreign_release_in_the_way(production: Production) -> Iterator[None]:
    (production.place.home / "releases" / "v2").mkdir()
    yield


@contextmanager
def another_token(production: Production) -> Iterator[None]:
    """Let the service, once it is restarted, want another token than the connection has."""
    settings = production.place.home / "shared" / "env"
    settings.write_text(settings.read_text().replace("API_TOKEN=", "API_TOKEN=another-"))
    yield


@contextmanager
def nothing(production: Production) -> Iterator[None]:
    yield


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Which step fails, what makes it fail, and what the last lines of its log must say."""

    step: str
    says: str
    version: str = "v2"
    obstacle: Callable[[Production], Any] = field(default=nothing)


FAULTS = [
    Fault(step=STEPS[1], says="releases/v2", obstacle=a_foreign_release_in_the_way),
    Fault(step=STEPS[2], says="tasks_once", version="v2-broken-migration"),
    Fault(step=STEPS[3], says="SEMANTIC_INDEX", version="v2-crash-on-start"),
    Fault(step=STEPS[4], says="was refused with HTTP 401", obstacle=another_token),
]


def test_a_first_step_that_fails_changes_nothing_and_refuses_to_be_cleared_after_the_end(
    stack: Stack, production: Production
) -> None:
    before = production.fingerprint()
    with a_file_where_the_backups_go(production):
        release = Release.trigger(stack, "thin").go().ends_as(Outcome.ABORTED)
    assert release.reached("production", "rollback") == [STEPS[0]]
    assert "backups" in last_lines(release, STEPS[0])
    assert production.fingerprint() == before
    tries = release.task(STEPS[0]).try_number
    with stack.airflow.client() as client:
        client.clear_task(release.plan, release.id, STEPS[0])
    release.wait(lambda client: not client.dag_run(release.plan, release.id).is_over, "it to run again")
    release.wait(lambda client: client.dag_run(release.plan, release.id).is_over, "its second end", every=1)
    assert (release.xcom("outcome")["outcome"], release.record()["outcome"]) == (Outcome.ABORTED,) * 2
    assert production.fingerprint() == before
    assert "This release has ended. Trigger a new one" in release.log(STEPS[0], tries + 1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.step.partition(".")[2])
def test_a_step_that_fails_leaves_production_as_it_was(
    stack: Stack, production: Production, fault: Fault
) -> None:
    with fault.obstacle(production):
        before = production.fingerprint()
        release = Release.trigger(stack, "thin", fault.version).go().ends_as(Outcome.ROLLED_BACK)
        assert production.fingerprint() == before
    ran = STEPS[: STEPS.index(fault.step) + 1]
    assert release.reached("production") == sorted(ran)
    undone = {task.removeprefix("rollback.undo_") for task in release.xcom("rollback.finish")["undone"]}
    assert undone <= {step.partition(".")[2] for step in ran}
    assert fault.says in last_lines(release, fault.step)


def test_a_step_that_sees_damaged_data_brings_back_the_data_of_the_backup(
    stack: Stack, production: Production
) -> None:
    before = production.fingerprint()
    release = Release.trigger(stack, "damaged", "v2-data-corruption").go().ends_as(Outcome.ROLLED_BACK)
    assert "tasks: " in last_lines(release, "production.verify_rows")
    assert "but their content differs" in last_lines(release, "production.verify_rows")
    assert release.reached("production.deploy_application") == []
    # The migration is covered by the restore.
    assert release.undone() == ["rollback.undo_fetch_release", "rollback.restore_database"]
    assert production.fingerprint() == before


def last_lines(release: Release, step: str) -> str:
    """Return how the log of the last try ends."""
    return "\n".join(release.log(step, release.task(step).try_number).splitlines()[-8:])


def test_a_step_that_is_marked_failed_before_it_starts_is_not_undone(
    stack: Stack, production: Production
) -> None:
    before = production.fingerprint()
    production.hold()
    release = Release.trigger(stack, "thin").go()
    release.await_state("production.deploy_application", "running")
    release.mark("production.enable_features", "failed", note="Not today")
    production.let_go()
    release.ends_as(Outcome.ROLLED_BACK)
    assert release.xcom("rollback.undo_enable_features")["undone"] is False
    assert production.fingerprint() == before
