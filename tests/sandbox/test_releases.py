"""A good release on the sandbox, and the way back."""

import pytest
from tests.sandbox.deploying import ask, deploy, fetch, migrate, run, settings, switch

from slipway.local.differences import differences

pytestmark = pytest.mark.slow

FEATURES = [
    "conflict_resolution",
    "enhanced_models",
    "langgraph_tools",
    "logging_hooks",
    "semantic_memory",
    "undo_stack",
]


def test_v1_serves_both_systems_after_the_start(sandbox) -> None:
    for system, revision in (("planner", "002"), ("calibration", "018")):
        for environment in ("staging", "production"):
            found = sandbox.fingerprint(system, environment)
            assert (found["version"], found["revision"]) == ("v1", revision)
    assert sandbox.fingerprint("planner", "staging")["tables"]["tasks"]["rows"] == 50
    assert sandbox.fingerprint("planner", "production")["tables"]["tasks"]["rows"] == 20_000


def test_a_planner_release_can_be_deployed_verified_and_undone(sandbox, pristine) -> None:
    place = pristine("planner", "production")
    before = sandbox.fingerprint("planner", "production")
    old = place.current.resolve()
    deploy(place, "v2")
    release = place.current.resolve()
    verified = run(place, release, "scripts/verify_enhanced_models.py")
    assert verified.stdout == "5 of 5 enhanced models verified\n"
    assert run(place, release, "scripts/post_deployment_check.py").returncode == 0
    now = sandbox.fingerprint("planner", "production")
    assert now["revision"] == "005"
    changed = [line for line in differences(before, now) if line.startswith("tables.")]
    models = ("events", "goals", "habits", "notes")
    columns = "columns added: status_kind, priority_level"
    assert changed == [
        *(f"tables.{model}: 1000 rows unchanged; {columns}" for model in models),
        f"tables.tasks: 20000 rows unchanged; {columns}",
        *(
            f"tables.{table}: new"
            for table in ("conflict_resolutions", "operation_log", "semantic_memory", "undo_stack")
        ),
    ]

    assert switch(place, old).returncode == 0
    assert migrate(place, release, "downgrade", "002").returncode == 0
    assert sandbox.fingerprint("planner", "production") == before


def test_code_is_unhealthy_without_the_schema_it_needs(pristine) -> None:
    place = pristine("planner", "staging")
    assert ask(place, "/health")[0] == 200
    switch(place, fetch(place, "v2"))
    status, answer = ask(place, "/health")
    assert status == 503
    assert "status_kind" in answer["error"]


def test_a_flag_reaches_its_share_of_users_and_survives_a_restart(pristine) -> None:
    place = pristine("planner", "staging")
    deploy(place, "v2")
    flag, right = "/api/flags/enhanced_models", f"Bearer {settings(place)['API_TOKEN']}"
    assert ask(place, flag) == (200, {"enabled": False, "percentage": 0})
    wanted = {"enabled": True, "percentage": 50}
    assert ask(place, flag, wanted, "PUT")[0] == 401
    assert ask(place, flag, wanted, "PUT", Authorization=right) == (200, wanted)
    assert ask(place, flag, {"enabled": True, "percentage": 101}, "PUT", Authorization=right)[0] == 422
    assert switch(place, place.current.resolve()).returncode == 0
    answers = [ask(place, "/api/tasks", X_User=str(user))[1]["tasks"][0] for user in range(1, 26)]
    with_feature = sum("status_kind" in task for task in answers)
    assert 5 <= with_feature <= 20
    assert sorted(set(ask(place, "/api/flags")[1]) - {"weekly_digest"}) == FEATURES


def test_a_session_logs_in_works_undoes_and_logs_out(pristine) -> None:
    place = pristine("planner", "staging")
    deploy(place, "v2")
    right = f"Bearer {settings(place)['API_TOKEN']}"
    for feature in FEATURES:
        ask(place, f"/api/flags/{feature}", {"enabled": True, "percentage": 100}, "PUT", Authorization=right)
    _, session = ask(place, "/login", {"user": "synthetic-0", "password": "practice"})
    me = f"Bearer {session['token']}"
    due = "2026-03-01T09:00:00+00:00"
    ask(place, "/api/tasks", {"title": "Prepare the review", "due": due}, Authorization=me)
    status, second = ask(place, "/api/tasks", {"title": "Call the bank", "due": due}, Authorization=me)
    assert (status, second["conflict"]) == (200, True)
    assert ask(place, "/api/undo", {}, "POST", Authorization=me)[1]["undone"] == "create"
    assert ask(place, f"/api/tasks/{second['id']}", Authorization=me)[0] == 404
    words = ask(place, "/api/memory", Authorization=me)[1]["words"]
    assert {"word": "review", "weight": 1} in words
    assert ask(place, "/logout", {}, "POST", Authorization=me)[0] == 200
    assert ask(place, "/api/tasks", Authorization=me)[0] == 401


def test_calibration_migrates_in_three_steps_and_back(sandbox, pristine) -> None:
    place = pristine("calibration", "production")
    before = sandbox.fingerprint("calibration", "production")
    old, release = place.current.resolve(), fetch(place, "v2")
    for revision in ("019", "020", "021"):
        assert migrate(place, release, "upgrade", revision).returncode == 0
    assert run(place, release, "frontend/build.py").returncode == 0
    assert switch(place, release).returncode == 0
    defaults = ask(place, "/api/calibration/current")[1]["calibrations"]
    percents = [(c["position"], c["floor_pct"], c["median_pct"], c["ceiling_pct"]) for c in defaults]
    assert percents == [
        ("QB", 5, 0, -5),
        ("RB", 10, 8, -10),
        ("WR", 8, 5, -12),
        ("TE", 10, 7, -10),
        ("K", 0, 0, 0),
        ("DST", 0, 0, 0),
    ]
    assert ask(place, "/api/calibration/current/status")[1]["is_active"] is True

    assert switch(place, old).returncode == 0
    assert migrate(place, release, "downgrade", "018").returncode == 0
    assert sandbox.fingerprint("calibration", "production") == before


def test_an_import_is_calibrated_and_shown_calibrated(pristine) -> None:
    place = pristine("calibration", "staging")
    deploy(place, "v2")
    right = f"Bearer {settings(place)['API_TOKEN']}"
    one = {"position": "RB", "floor_pct": 10, "median_pct": 8, "ceiling_pct": -10}
    stored = ask(place, "/api/calibration/9000/batch", {"calibrations": [one]}, Authorization=right)
    assert stored[0] == 200
    player = {"name": "A", "position": "RB", "salary": 5000, "floor": 10, "median": 10, "ceiling": 10}
    imported = ask(place, "/api/player-pools/9000/import", {"players": [player]})
    assert imported == (200, {"week_id": 9000, "imported": 1})
    shown = ask(place, "/api/player-pools/9000?position=RB")[1]["players"][0]
    assert (shown["floor"], shown["median"], shown["ceiling"]) == ("11.00", "10.80", "9.00")
