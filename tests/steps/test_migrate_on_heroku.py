import pytest
from tests.steps.heroku_world import HerokuWorld
from tests.steps.world import killed_after

from slipway.run import Evidence
from slipway.steps import MigrateOnHeroku, migrate_on_heroku, one_off_dyno
from slipway.steps.faults.heroku import (
    DynoCommandFailed,
    MigrationsNotInCode,
    MigrationsPending,
    PlanUnreadable,
)
from slipway.still_going import StillGoing
from slipway.testing import LocalRun

STEP = MigrateOnHeroku(name="migrate", app="the5hc")
BEFORE = ["auth.0001_initial", "scores.0001_initial", "scores.0002_reps"]
NEW = ["scores.0003_manual", "overrides.0001_initial", "scores.0004_reset"]


@pytest.fixture(autouse=True)
def deployed(heroku: HerokuWorld) -> None:
    heroku.deploy("main")
    heroku.migrations([*BEFORE, *NEW], BEFORE)


def migrating(heroku: HerokuWorld) -> list[str]:
    calls = (heroku.bin / "calls").read_text().splitlines()
    return [call for call in calls if not call.startswith("showmigrations")]


def test_what_is_pending_is_applied_and_just_that_is_taken_back(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    evidence = STEP.do(release)
    assert heroku.applied() == [*BEFORE, *NEW]
    assert evidence.before == {"pending": NEW}
    assert evidence.summary == "the5hc: 3 migrations applied"
    undone = STEP.undo(release.at("rollback.undo"), evidence)
    assert heroku.applied() == BEFORE
    assert migrating(heroku) == [
        "migrate --noinput",
        "migrate scores 0002_reps --noinput",
        "migrate overrides zero --noinput",
    ]
    assert undone.summary == "the5hc: 3 migrations taken back"
    assert STEP.undo(release.at("rollback.undo"), evidence).changed is False
    assert len(migrating(heroku)) == 3


def test_doing_it_again_changes_nothing(release: LocalRun, heroku: HerokuWorld) -> None:
    assert STEP.do(release) == STEP.do(release)
    assert migrating(heroku) == ["migrate --noinput"]


def test_nothing_pending_is_nothing_done_and_nothing_undone(release: LocalRun, heroku: HerokuWorld) -> None:
    heroku.migrations(BEFORE, BEFORE)
    evidence = STEP.do(release)
    assert evidence.changed is False
    assert evidence.summary == "nothing to migrate"
    assert STEP.undo(release, evidence).changed is False
    assert migrating(heroku) == []


def test_a_crash_after_the_migration_is_recognised_and_undone(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once = migrate_on_heroku.run_once

    def killed(*arguments: object, **options: object) -> None:
        run_once(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrate_on_heroku, "run_once", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    assert STEP.do(release).after == {"applied": NEW}
    assert migrating(heroku) == ["migrate --noinput"]
    STEP.undo(release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    assert heroku.applied() == BEFORE


@pytest.fixture
def left_running(release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch) -> str:
    """The worker is killed at once when the dyno that migrates is there; it runs on."""
    attend = one_off_dyno._attend

    def killed(run: LocalRun, app: str, command: str, *more: object) -> object:
        if command == "python manage.py migrate --noinput":
            raise KeyboardInterrupt
        return attend(run, app, command, *more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(one_off_dyno, "_attend", killed)
        with pytest.raises(KeyboardInterrupt):
            STEP.do(release)
    forward = "python manage.py migrate --noinput;"
    return next(name for name, dyno in heroku.app.dynos.items() if dyno["command"].startswith(forward))


def test_a_migration_that_still_runs_is_stopped_before_anything_is_taken_back(
    release: LocalRun, heroku: HerokuWorld, left_running: str
) -> None:
    undone = STEP.undo(release.at("rollback.undo"), Evidence(before=release.memory["before"]))
    assert left_running not in heroku.app.dynos
    assert heroku.posts(f"/apps/the5hc/dynos/{left_running}/actions/stop") == 1
    assert undone.summary == "they are taken back already"
    assert heroku.applied() == BEFORE


def test_nothing_is_taken_back_until_the_migration_is_gone(
    release: LocalRun, heroku: HerokuWorld, left_running: str
) -> None:
    heroku.stand_in.trouble(match="POST /apps/the5hc/dynos/run", status=202)
    evidence = Evidence(before=release.memory["before"])
    undo, calls = release.at("rollback.undo"), (heroku.bin / "calls").read_text()
    with pytest.raises(StillGoing, match=f"Heroku stops {left_running} of the5hc"):
        STEP.undo(undo, evidence)
    assert (heroku.bin / "calls").read_text() == calls
    assert STEP.undo(undo, evidence).changed is False
    assert left_running not in heroku.app.dynos


def takes_back(run: LocalRun, app: str, command: str, *_: object, **__: object) -> bool:
    return "scores 0002_reps" in command


@pytest.mark.parametrize(
    ("owner", "call"),
    [(one_off_dyno, "_attend"), (migrate_on_heroku, "run_once")],
)
def test_an_undo_that_is_killed_when_it_took_them_back_takes_nothing_back_twice(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch, owner: object, call: str
) -> None:
    evidence, undoing = STEP.do(release), release.at("rollback.undo")
    with killed_after(monkeypatch, owner, call, when=takes_back):
        STEP.undo(undoing, evidence)
    assert heroku.applied() == BEFORE
    assert STEP.undo(undoing, evidence).summary == "they are taken back already"
    assert len(migrating(heroku)) == 3


def test_an_undo_that_is_killed_while_it_takes_them_back_waits_and_goes_on(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence, undoing = STEP.do(release), release.at("rollback.undo")
    with killed_after(monkeypatch, one_off_dyno, "_begin", when=takes_back):
        STEP.undo(undoing, evidence)
    heroku.migrations([*BEFORE, *NEW], [*BEFORE, NEW[0]])  # it is half-way
    with pytest.raises(StillGoing, match="of an earlier try still runs on the5hc"):
        STEP.undo(undoing, evidence)
    assert migrating(heroku) == ["migrate --noinput"]
    heroku.app.dynos.clear()  # it ended there
    assert STEP.undo(undoing, evidence).summary == "the5hc: 1 migrations taken back"
    assert heroku.applied() == BEFORE
    assert migrating(heroku) == ["migrate --noinput", "migrate scores 0002_reps --noinput"]


def test_a_dyno_of_a_person_is_left_running(release: LocalRun, heroku: HerokuWorld) -> None:
    evidence = STEP.do(release)
    heroku.app.dynos["run.7"] = {"name": "run.7", "command": "python manage.py migrate --noinput"}
    STEP.undo(release.at("rollback.undo"), evidence)
    assert "run.7" in heroku.app.dynos
    assert heroku.applied() == BEFORE


def test_a_failed_migration_says_djangos_words_and_is_undone_as_far_as_it_came(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    (heroku.bin / "broken").touch()
    with pytest.raises(DynoCommandFailed, match="ProgrammingError: column exists"):
        STEP.do(release)
    heroku.migrations([*BEFORE, *NEW], [*BEFORE, NEW[0]])
    STEP.undo(release, Evidence(before=release.memory["before"]))
    assert heroku.applied() == BEFORE
    (heroku.bin / "broken").unlink()
    assert STEP.do(release).changed


def test_code_that_does_not_know_the_migrations_cannot_take_them_back(
    release: LocalRun, heroku: HerokuWorld
) -> None:
    evidence = STEP.do(release)
    heroku.migrations(BEFORE, [*BEFORE, *NEW])
    with pytest.raises(MigrationsNotInCode, match=r"does not have scores\.0003_manual"):
        STEP.undo(release, evidence)


def test_a_migration_that_does_not_stick_is_said(
    release: LocalRun, heroku: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_on_heroku, "run_once", lambda *_, **__: None)
    with pytest.raises(MigrationsPending, match=r"still not applied: scores\.0003_manual, overrides"):
        STEP.do(release)


def test_an_answer_that_is_not_djangos_is_said(release: LocalRun, heroku: HerokuWorld) -> None:
    step = MigrateOnHeroku(name="migrate", app="the5hc", manage="echo hello")
    with pytest.raises(PlanUnreadable, match="printed no migrations: hello showmigrations --plan"):
        step.do(release)


def test_an_undo_before_anything_happened_changes_nothing(release: LocalRun) -> None:
    assert STEP.undo(release, Evidence()).changed is False
    assert STEP.migrates
