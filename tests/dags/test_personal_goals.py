"""A reader with document 003 in hand finds every number of it in the plan.

The lists are written by hand from the document, not from the plan.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.dags.conftest import made_by

from slipway.checks import Compared, run_check
from slipway.compile import compile_plan
from slipway.explain import markdown
from slipway.kinds import Checklist
from slipway.letter import ReleaseFacts, told
from slipway.plan import Day, Moment, Notice, Plan
from slipway.testing import LocalRun
from slipway.words import Action, Answer, Severity

SYSTEM = Path(__file__).parents[2] / "include/slipway/sandbox/systems/goals"
NUMBERS = [
    # timeline
    "10:00 to 16:00 UTC, 6 hours",
    "| 10:00 (UTC) | 1. Pre-deployment validation | 30 minutes | - |",
    "| 10:30 (UTC) | 2. Staging deployment | 15 minutes | DevOps |",
    "| 10:45 (UTC) | 3. Staging validation | 30 minutes | QA |",
    "| 11:15 (UTC) | 4. Go/No-Go decision | 15 minutes | Tech Lead |",
    "| 14:00 (UTC) | 5. Production deployment | 30 minutes | DevOps |",
    "| 14:30 (UTC) | 6. Smoke tests | 30 minutes | QA |",
    "| 15:00 (UTC) | 7. Extended validation | 1 hour | Team |",
    "| 16:00 (UTC) | 8. Active monitoring | - | Ops |",
    "Wait for 14:00 UTC",
    # prerequisites
    "the baseline of its infrastructure metrics checked",
    "READY or CONDITIONAL (score at least 75/100)",
    "floor: 75",
    "A database backup of the last 24 hours is verified",
    # names
    "cpr-staging-rg",
    "cpr-api-staging",
    "cpr-ui-staging",
    "cpr-prod-rg",
    "cpr-api-prod",
    "cpr-ui-prod",
    "cpr-api-{version}.zip",
    "profile: cpr-cdn; endpoint: cpr-ui; paths: /\\*",
    "Features:PersonalGoals:Enabled",
    "cpr-config",
    "0001-personal-goal-creation-management",
    # smoke tests and performance
    "GET /api/health -> 200 OK",
    "an error rate below 1 %",
    "p50 below 100 ms, p95 below 200 ms",
    "less than 2 s",
    "API response time below 200 ms",
    "Zero downtime",
    # triggers and windows
    "above 5 % for 5 minutes",
    "more than 50 % above the baseline",
    "| ask: Blue-green rollback: flag off, slots swapped back, front end and database before | 15 minutes |",
    "| 0-1 hour | 15 minutes | 1 hour |",
    "| 1-4 hours | 30 minutes | 4 hours |",
    "| 4-24 hours, on-call | 1 hour | 1 day |",
    "| 24-48 hours, on-call | 4 hours | 2 days |",
    "48+ hours: standard monitoring",
    # people
    "Tech Lead",
    "Solution Owner",
    "DevOps Lead",
    "QA Lead",
    "Security Lead",
    "On-Call Engineer",
    "Support Lead",
]


@pytest.fixture
def plan() -> Plan:
    made: Plan = made_by("personal_goals")["plan"]
    return made


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_of_document_003_is_in_the_plan(plan: Plan, number: str) -> None:
    assert number in markdown(compile_plan(plan))


def test_the_stages_are_planned_as_long_as_in_the_document(plan: Plan) -> None:
    def minutes(parts: Any) -> float:
        return sum((part.planned or timedelta(0)).total_seconds() for part in parts) / 60

    assert minutes(plan.preflight) == 30
    assert minutes(plan.on_staging) == 15
    assert minutes(plan.validate) == 30
    assert minutes(plan.on_production[1:]) == 30
    names = [part.name for part in plan.verify]
    extended = names.index("errors_are_handled")
    assert minutes(plan.verify[:extended]) == 30
    assert minutes(plan.verify[extended:]) == 60
    assert all(part.planned for part in (*plan.preflight, *plan.on_staging, *plan.verify))


def test_production_waits_for_two_in_the_afternoon_of_the_same_day(plan: Plan) -> None:
    wait: Any = plan.on_production[0]
    assert wait.due(datetime(2025, 11, 11, 10, 0, tzinfo=UTC)) == datetime(2025, 11, 11, 14, 0, tzinfo=UTC)


def test_green_is_tried_before_it_takes_the_traffic(plan: Plan) -> None:
    names = [step.name for step in plan.on_production]
    assert names.index("deploy_to_green") < names.index("smoke_test_green") < names.index("swap_slots")
    smoke: Any = plan.on_production[names.index("smoke_test_green")]
    assert smoke.check.role == "green"


def test_production_deploys_the_packages_that_staging_tried(plan: Plan) -> None:
    staging: dict[str, Any] = {step.name: step for step in plan.on_staging}
    production: dict[str, Any] = {step.name: step for step in plan.on_production}
    assert production["deploy_to_green"].tried_by == "deploy_api"
    assert production["deploy_to_green"].package == staging["deploy_api"].package
    assert production["deploy_ui"].package == staging["deploy_ui"].package


def test_a_rollback_goes_as_in_the_document_swap_front_end_database(plan: Plan) -> None:
    undone = [node.title for node in compile_plan(plan).nodes if node.task_id.startswith("rollback.undo_")]
    assert undone == [
        "Undo: Enable Features:PersonalGoals:Enabled in cpr-config",
        "Undo: Switch the traffic: swap green with production, blue stays warm",
        "Undo: Deploy the front end to cpr-ui-prod",
        "Undo: Purge /* of cpr-ui in cpr-cdn, again when the front end goes back",
        "Undo: Deploy the back end to the green slot of cpr-api-prod",
        "Undo: Migrate to AddPersonalGoals",
    ]


def test_a_trigger_of_the_document_rolls_back_at_once_and_a_target_asks(plan: Plan) -> None:
    limits = [(each.metric, each.severity) for each in plan.watch.thresholds]
    assert limits == [
        ("error_rate", Severity.HIGH),
        ("skills_p50", Severity.HIGH),
        ("available", Severity.HIGH),
        ("available", Severity.HIGH),
        ("available", Severity.MEDIUM),
        ("error_rate", Severity.MEDIUM),
        ("p50", Severity.MEDIUM),
        ("p95", Severity.MEDIUM),
    ]
    rules = {rule.severity: (rule.action, rule.within) for rule in plan.matrix.rules}
    assert rules[Severity.CRITICAL] == (Action.ROLL_BACK_AND_RESTORE, timedelta(minutes=5))
    assert rules[Severity.HIGH] == (Action.ROLL_BACK, timedelta(minutes=5))
    assert rules[Severity.MEDIUM] == (Action.ASK, timedelta(minutes=15))


def test_what_employees_write_meanwhile_is_no_damage(plan: Plan) -> None:
    check: Any = next(each for each in plan.verify if each.name == "data_is_intact")
    assert (check.compared, check.on_failure) == (Compared.EQUAL_UP_TO_LAST, Severity.MEDIUM)
    assert [table.users_change for table in check.tables] == [10, 10]
    names = [step.name for step in plan.on_production]
    assert names.index("see_rows_unharmed") == names.index("migrate_database") + 1


def test_the_rollback_is_validated_by_what_the_document_lists(plan: Plan) -> None:
    assert [check.name for check in plan.verify_rollback] == [
        "responds_normally",
        "version_before",
        "error_rate_is_back",
        "nobody_gets_an_error",
        "performance_is_back",
        "no_data_corruption",
        "no_row_is_lost",
        "feature_is_disabled",
        "users_can_work",
        "site_is_back",
    ]


def test_the_prerequisites_of_the_document_are_asked(plan: Plan) -> None:
    lists = [part.title for part in plan.preflight if isinstance(part, Checklist)]
    assert lists == [
        "Phase 7 completion",
        "Code readiness and final code validation",
        "Database readiness",
        "Infrastructure readiness",
        "Configuration readiness",
        "Monitoring readiness",
        "Communication and team readiness",
    ]


def test_the_communication_plan_is_told_on_its_channels(plan: Plan) -> None:
    told: dict[Moment | Day, list[list[str]]] = {}
    for each in plan.notices:
        told.setdefault(each.moment, []).append([channel.kind for channel in each.channels])
    assert told == {
        Day(-2): [["email", "slack", "teams"]],
        Moment.GATE_ESCALATION: [["email", "slack"]],
        Moment.PRODUCTION_STARTED: [["slack"]],
        # Ours: the document asks within 15 minutes, and tells nobody.
        Moment.BREACH: [["slack", "pager_duty"], ["email"], ["slack"]],
        Moment.RELEASED: [["email", "slack"]],
        Moment.REJECTED: [["email", "slack"]],
        # Ours: who was told of the deployment hears that it was stopped, or is held.
        Moment.ABORTED: [["email", "slack"]],
        Moment.HELD: [["email", "slack"]],
        # "Immediately upon rollback", and how it ended.
        Moment.ROLLBACK_STARTED: [["email", "slack"]],
        Moment.ROLLED_BACK: [["email", "slack", "pager_duty"]],
        Moment.ROLLBACK_FAILED: [["slack", "pager_duty"], ["email"]],
    }


def letter(plan: Plan, moment: Moment, **facts: str) -> list[str]:
    """Return the lines of what is told at a moment."""
    [notice] = [each for each in plan.notices if each.moment is moment]
    known = {"plan": plan.name, "title": plan.title, "version": "v2", **facts}
    return told(notice.text, ReleaseFacts(**known).named()).splitlines()


def test_a_no_go_is_told_with_who_decided_and_who_schedules_the_retest(plan: Plan) -> None:
    said = letter(
        plan, Moment.REJECTED, who="trigger", reason="Tech Lead: NO-GO by tech_lead: slow", report="r.html"
    )
    assert said == [
        "Personal goal creation and management v2 is not deployed: Tech Lead: NO-GO by tech_lead: slow",
        "The blockers are documented in r.html.",
        "The Tech Lead schedules fix and retest.",
    ]


def test_success_is_told_with_the_time_of_the_deployment_a_link_and_the_support_channel(plan: Plan) -> None:
    said = letter(
        plan,
        Moment.RELEASED,
        when="2025-11-11 14:00 UTC",
        now="2025-11-13 16:02 UTC",
        report="/reports/r.html",
        contacts="Tech Lead: tech_lead, deployment decision maker",
    )
    assert "Deployment Time: 2025-11-11 14:00 UTC" in said
    assert said[-2:] == [
        "Documentation: https://docs.cpr.example/personal-goals",
        "Feedback: support@cpr.example",
    ]


@pytest.mark.parametrize("report", ["r.html", ""])
def test_the_impact_of_a_rollback_is_true_where_data_was_restored(plan: Plan, report: str) -> None:
    [impact] = [x for x in letter(plan, Moment.ROLLED_BACK, report=report) if x.startswith("Impact: ")]
    assert "those set meanwhile are gone" in impact
    assert impact.endswith(
        "unless the data was restored from the backup of right before the deployment: "
        "then what was written since is lost too"
    )
    assert plan.matrix.rule_for(Severity.CRITICAL).procedure == "restore_data"


def test_the_manager_hears_of_a_gate_and_of_a_question_that_only_the_tech_lead_may_answer(plan: Plan) -> None:
    def is_for_the_manager(notice: Notice) -> bool:
        return any(getattr(each, "recipients", ()) == ["manager@cpr.example"] for each in notice.channels)

    heard = [(each.moment, list(each.severities)) for each in plan.notices if is_for_the_manager(each)]
    assert heard == [(Moment.GATE_ESCALATION, []), (Moment.BREACH, [Severity.MEDIUM])]
    assert plan.matrix.rule_for(Severity.MEDIUM).action is Action.ASK
    assert [person for each in plan.gate.approvals for person in each.people] == ["tech_lead"]


def test_people_look_at_errors_tickets_and_adoption_from_the_first_hour_to_the_end(plan: Plan) -> None:
    first, *later = plan.watch.checkpoints
    assert first.title == "0-1 hour"
    assert [list(part.look_at) for part in later] == [
        ["Error rate and performance", "Support ticket volume", "Feature adoption"]
    ] * 3


def test_standard_monitoring_begins_when_the_watch_ends_and_is_the_ops_team_s(plan: Plan) -> None:
    [duty] = [each for each in plan.after if each.title == "48+ hours: standard monitoring"]
    assert (duty.owner, duty.due) == ("Ops team", timedelta(0))


@pytest.mark.parametrize(
    ("left", "answer"), [(16_000, Answer.PASS), (15_900, Answer.PASS), (15_899, Answer.FAIL)]
)
def test_a_rollback_loses_no_row_but_those_that_employees_delete_in_two_days(
    plan: Plan, left: int, answer: Answer
) -> None:
    check: Any = next(each for each in plan.verify_rollback if each.name == "no_row_is_lost")
    assert (check.taken_by, check.compared) == ("production.note_rows", Compared.NO_ROWS_LOST)
    before = {"rows": 16_000, "checksum": "as noted", "last": "16000", "parts": {"0a": "as noted"}}
    now = {"rows": left, "checksum": "rated since", "last": "16000", "parts": {"0a": "rated since"}}
    assert check.judge({"skills": before}, {"skills": now}).answer is answer


class FirstPageInstead(SimpleHTTPRequestHandler):
    """A site that answers what it has not with its first page, as one of a single page does."""

    def send_head(self) -> Any:
        there = self.path.startswith("/api") or Path(self.translate_path(self.path)).exists()
        self.path = self.path if there else "/"
        return super().send_head()


@pytest.fixture(params=[SimpleHTTPRequestHandler, FirstPageInstead])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are what site and service of production answer with."""
    handler = partial(request.param, directory=tmp_path)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("SITE", "SERVICE"):
            address = f"http://127.0.0.1:{server.server_port}"
            monkeypatch.setenv(f"AIRFLOW_CONN_GOALS_PRODUCTION_{name}", address)
        yield tmp_path
        server.shutdown()


@pytest.mark.parametrize(("serves", "answer"), [(["v1"], Answer.PASS), (["v1", "v2"], Answer.FAIL)])
def test_only_without_the_new_feature_is_it_disabled_and_the_site_back(
    plan: Plan, served: Path, serves: list[str], answer: Answer
) -> None:
    for version in serves:  # the second one is laid over the first
        copytree(SYSTEM / version / "ui", served, dirs_exist_ok=True)
    if "v2" in serves:
        (served / "api" / "me").mkdir(parents=True)
        (served / "api" / "me" / "goals").write_text('{"goals": []}')
    run = LocalRun(environment=plan.production)
    found = {
        each.name: run_check(each, run).answer
        for each in plan.verify_rollback
        if each.name in ("feature_is_disabled", "site_is_back")
    }
    assert found == {"feature_is_disabled": answer, "site_is_back": answer}


def test_the_rollback_notice_is_worded_as_in_the_document(plan: Plan) -> None:
    notice = next(each for each in plan.notices if each.moment is Moment.ROLLED_BACK)
    assert notice.subject == "URGENT: Deployment Rolled Back - {title}"
    for line in (
        "Status: 🔴 ROLLED BACK",
        "- All systems operating normally",
        "- Root cause analysis in progress",
        "- New deployment will be scheduled",
        "We apologize for any inconvenience.",
    ):
        assert line in notice.text.splitlines()
