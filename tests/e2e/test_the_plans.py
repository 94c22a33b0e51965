"""A whole release of each plan in dags/, one after the other: each measures what the other would disturb."""

from contextlib import suppress

import pytest
from tests.e2e.production import Production
from tests.e2e.release import WATCH, Release

from slipway.local.demo import has_settled
from slipway.local.errors import Refused
from slipway.local.person import Person
from slipway.local.rest import Client
from slipway.local.stack import Stack
from slipway.words import GateAnswer, Outcome

pytestmark = pytest.mark.e2e

A_MONTH_IN_26_SECONDS = 100_000
REASON = "The end-to-end tests run at any hour"
# The calibration's 263 checkpoints take minutes at any pace: there a person has seen enough after three.
PLANS = [("smart_personal_planner", "planner", 0), ("projection_calibration", "calibration", 3)]


@pytest.mark.parametrize(("plan", "system", "enough"), PLANS)
def test_a_plan_releases_from_end_to_end(stack: Stack, plan: str, system: str, enough: int) -> None:
    for environment in ("staging", "production"):
        stack.sandbox.reset(system, environment)
    release = Release.trigger(stack, plan, pace=A_MONTH_IN_26_SECONDS, break_glass=REASON)
    person = Person(airflow=stack.airflow, answer=GateAnswer.GO, requester="release_manager")
    release.wait(lambda client: is_over(client, person, release, enough), "the end of the release")
    release.ends_as(Outcome.RELEASED)
    assert release.reached("rollback") == []
    assert set(release.states().values()) <= {"success", "skipped"}
    assert Production(stack.sandbox, system).fingerprint()["version"] == "v2"


def is_over(client: Client, person: Person, release: Release, enough: int) -> bool:
    """Answer what is asked, as one of the people whom it asks; whether the release is over.

    :param enough: the checkpoint after which a person ends the watch, 0 for its own end
    """
    run, states = client.dag_run(release.plan, release.id), release.states()
    if enough and states.get(WATCH) == "deferred" and release.xcom(WATCH, f"checkpoint_{enough}"):
        release.mark(WATCH, "success", by="devops_lead", note="Seen enough")
    for task in [task for task, state in states.items() if state == "awaiting_input"]:
        question = client.question(release.plan, release.id, task)
        if has_settled(release.stack.airflow, run, question):
            with suppress(Refused):  # answered a moment ago
                person.answer_question(run, question)
    return run.is_over
