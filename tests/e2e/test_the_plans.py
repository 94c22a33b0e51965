"""A whole release of each plan in dags/, side by side: they share no environment."""

from contextlib import suppress

import pytest
from tests.e2e.production import Production
from tests.e2e.release import Release

from slipway.local.demo import has_settled
from slipway.local.errors import Refused
from slipway.local.person import Person
from slipway.local.records import Run
from slipway.local.rest import Client
from slipway.local.stack import Stack
from slipway.words import GateAnswer, Outcome

pytestmark = pytest.mark.e2e

A_MONTH_IN_26_SECONDS = 100_000
PLANS = {"smart_personal_planner": "planner", "projection_calibration": "calibration"}


@pytest.fixture(scope="module")
def releases(stack: Stack) -> dict[str, Release]:
    """Both releases at their end; each question is answered by one of the people whom it asks."""
    for system in PLANS.values():
        for environment in ("staging", "production"):
            stack.sandbox.reset(system, environment)
    reason = "The end-to-end tests run at any hour"
    found = {
        plan: Release.trigger(stack, plan, pace=A_MONTH_IN_26_SECONDS, break_glass=reason) for plan in PLANS
    }
    person = Person(airflow=stack.airflow, answer=GateAnswer.GO, requester="release_manager")
    first, second = found.values()

    def both_are_over(client: Client) -> bool:
        here, there = _is_over(client, person, first), _is_over(client, person, second)
        return here and there

    first.wait(both_are_over, "the end of both")
    return found


def _is_over(client: Client, person: Person, release: Release) -> bool:
    """Answer what is asked; whether the release is over."""
    run: Run = client.dag_run(release.plan, release.id)
    waiting = [task for task, state in release.states().items() if state == "awaiting_input"]
    for task in waiting:
        question = client.question(release.plan, release.id, task)
        if has_settled(release.stack.airflow, run, question):
            with suppress(Refused):  # answered a moment ago
                person.answer_question(run, question)
    return run.is_over


@pytest.mark.parametrize(("plan", "system"), PLANS.items())
def test_a_plan_releases_from_end_to_end(
    stack: Stack, releases: dict[str, Release], plan: str, system: str
) -> None:
    release = releases[plan].ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    fingerprint = Production(stack.sandbox, system).fingerprint()
    assert fingerprint["version"] == "v2"
    assert set(release.states().values()) <= {"success", "skipped"}
