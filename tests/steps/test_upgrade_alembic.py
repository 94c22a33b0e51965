import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.steps.world import World

from slipway.run import Evidence
from slipway.sandbox.postgres import Postgres
from slipway.steps import UpgradeAlembic, Verification
from slipway.steps.faults import DatabaseRefused, MigrationFailed, RevisionNotOnPath, WrongAnswer
from slipway.testing import LocalRun

pytestmark = pytest.mark.slow

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISIONS = {
    "018": (None, "pass", "pass"),
    "019": (
        "018",
        "op.execute('CREATE TABLE calibration (week int)')",
        "op.execute('DROP TABLE calibration')",
    ),
    "020": (
        "019",
        "op.execute('ALTER TABLE tasks ADD ceiling int')",
        "op.execute('ALTER TABLE tasks DROP ceiling')",
    ),
}
STEP = UpgradeAlembic(
    name="migrate",
    verify=[Verification(title="the table is empty", sql="SELECT count(*) FROM calibration", expected=0)],
)


@pytest.fixture(autouse=True)
def _migrations(world: World, db: str, server: Postgres) -> None:
    world.release("v2")
    world.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
    world.write("migrations/env.py", ENV)
    for revision, (down, upgrade, downgrade) in REVISIONS.items():
        revise(world, revision, down, upgrade, downgrade)
    with server.connect(db) as session:
        session.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        session.execute("INSERT INTO alembic_version VALUES ('018')")


def revise(world: World, revision: str, down: str | None, upgrade: str, downgrade: str = "pass") -> None:
    text = f"from alembic import op\nrevision = {revision!r}\ndown_revision = {down!r}\n"
    body = f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    {downgrade}\n"
    world.write(f"migrations/versions/{revision}.py", text + body)


def alembic(world: World, *arguments: str) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_DB"])
    url = "postgresql://{login}:{password}@{host}:{port}/{schema}".format(**known)
    folder = world.home / "releases" / "v2"
    argv = [sys.executable, "-m", "alembic", *arguments]
    subprocess.run(argv, cwd=folder, env=os.environ | {"DATABASE_URL": url}, check=True, capture_output=True)


def revision_of(server: Postgres, db: str) -> object:
    with server.connect(db) as session:
        return [row[0] for row in session.execute("SELECT version_num FROM alembic_version")]


def columns_of(server: Postgres, db: str) -> list[object]:
    query = (
        "SELECT table_name || '.' || column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1"
    )
    with server.connect(db) as session:
        return [row[0] for row in session.execute(query)]


def test_the_schema_goes_up_and_exactly_back(run: LocalRun, db: str, server: Postgres) -> None:
    before = columns_of(server, db)
    evidence = STEP.do(run)
    assert evidence.before == {"revision": "018", "deploys": "v2"}
    assert evidence.after == {"revision": "020"}
    assert evidence.proof == {"verified": [{"title": "the table is empty", "answer": 0}]}
    assert STEP.do(run).before["revision"] == "018"
    undone = STEP.undo(run.at("rollback.undo_migrate"), evidence)
    assert undone.summary == "020 -> 018"
    assert columns_of(server, db) == before
    again = STEP.undo(run.at("rollback.undo_migrate"), evidence)
    assert (again.changed, again.summary) == (False, "the schema is at 018 already")


def test_a_migration_that_fails_half_way_is_undone_from_where_it_stopped(
    run: LocalRun, world: World, db: str, server: Postgres
) -> None:
    before = columns_of(server, db)
    revise(world, "020", "019", "op.execute('ALTER TABLE no_such_table ADD ceiling int')")
    with pytest.raises(MigrationFailed) as failed:
        STEP.do(run)
    assert failed.value.revision == "019"
    assert str(failed.value).startswith("planner production: `alembic upgrade head` failed: ")
    assert 'relation "no_such_table" does not exist' in str(failed.value)
    assert "The schema stands at 019." in str(failed.value)
    evidence = Evidence(before=run.memory["before"])
    assert STEP.undo(run.at("rollback.undo_migrate"), evidence).summary == "019 -> 018"
    assert columns_of(server, db) == before


def test_a_second_try_goes_on_from_where_the_first_one_stopped(
    run: LocalRun, world: World, db: str, server: Postgres
) -> None:
    revise(world, "020", "019", "op.execute('ALTER TABLE no_such_table ADD ceiling int')")
    with pytest.raises(MigrationFailed):
        STEP.do(run)
    revise(world, "020", *REVISIONS["020"])
    evidence = STEP.do(run)
    assert (evidence.before["revision"], evidence.after["revision"]) == ("018", "020")


def test_a_named_revision_is_as_far_as_it_goes(run: LocalRun, db: str, server: Postgres) -> None:
    first = UpgradeAlembic(name="migrate_019", to="019")
    second = UpgradeAlembic(name="migrate_020", to="020")
    one, other = run.at("production.migrate_019"), run.at("production.migrate_020")
    first.do(one)
    assert revision_of(server, db) == ["019"]
    evidence = second.do(other)
    assert evidence.summary == "019 -> 020"
    second.undo(run, evidence)
    assert revision_of(server, db) == ["019"]


def test_a_schema_that_somebody_else_moved_on_is_not_touched(run: LocalRun, world: World, db: str) -> None:
    step = UpgradeAlembic(name="migrate_019", to="019")
    evidence = step.do(run)
    alembic(world, "upgrade", "020")
    with pytest.raises(RevisionNotOnPath, match="the schema is at 020, which is not between 018 and 019"):
        step.undo(run, evidence)


def test_an_undo_of_a_migration_that_was_never_begun_changes_nothing(
    run: LocalRun, db: str, server: Postgres
) -> None:
    assert STEP.undo(run, Evidence()).changed is False
    assert STEP.undo(run, Evidence(before={"revision": "018", "deploys": "v2"})).changed is False
    assert revision_of(server, db) == ["018"]


def test_a_wrong_answer_fails_the_step_and_the_undo_goes_back(
    run: LocalRun, db: str, server: Postgres
) -> None:
    wrong = Verification(title="three tasks", sql="SELECT count(*) FROM tasks", expected=4)
    step = UpgradeAlembic(name="migrate", verify=[wrong])
    with pytest.raises(WrongAnswer, match='verification "three tasks": expected 4, found 3') as failure:
        step.do(run)
    assert failure.value.saw_damage
    step.undo(run, Evidence(before=run.memory["before"]))
    assert revision_of(server, db) == ["018"]


def test_a_second_release_is_not_asked_what_holds_only_before_anybody_uses_it(
    run: LocalRun, db: str, server: Postgres
) -> None:
    empty = Verification(
        title="nothing is done yet", sql="SELECT count(*) FROM tasks WHERE id > 3", expected=0, only_new=True
    )
    step = UpgradeAlembic(name="migrate", verify=[empty])
    step.do(run)
    assert step.do(run).proof["verified"] == [
        {"title": "nothing is done yet", "answer": 0}
    ]  # a second try asks
    with server.connect(db) as session:
        session.execute("INSERT INTO tasks SELECT 9, title FROM tasks WHERE id = 1")
    with pytest.raises(WrongAnswer):
        step.do(run)
    run.memory.clear()  # the next release
    evidence = step.do(run)
    assert (evidence.changed, evidence.proof["verified"]) == (False, [])


def test_a_wrong_answer_about_what_an_earlier_release_made_is_no_damage_by_this_one(run: LocalRun) -> None:
    UpgradeAlembic(name="migrate").do(run)
    run.memory.clear()
    wrong = UpgradeAlembic(
        name="migrate",
        verify=[Verification(title="four tasks", sql="SELECT count(*) FROM tasks", expected=4)],
    )
    with pytest.raises(WrongAnswer) as failure:
        wrong.do(run)
    assert not failure.value.saw_damage


def test_a_later_rollback_uses_the_migrations_of_the_release_that_ran_them(
    run: LocalRun, db: str, server: Postgres
) -> None:
    evidence = STEP.do(run)
    later = run.at("rollback.undo_migrate")
    later.version = "v1"
    STEP.undo(later, evidence)
    assert revision_of(server, db) == ["018"]


def test_the_releases_own_python_is_used_only_if_alembic_is_in_it(world: World) -> None:
    from slipway.steps.release_tree import ReleaseTree

    tree = ReleaseTree(home=world.home, version="v2")
    assert tree.python("alembic") == Path(sys.executable)
    world.write(".venv/bin/python", "")
    assert tree.python("alembic") == Path(sys.executable)
    world.write(".venv/lib/python3.11/site-packages/alembic/__init__.py", "")
    assert tree.python("alembic") == tree.venv / "bin" / "python"


def test_a_wrong_password_is_no_traceback(run: LocalRun, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(os.environ["AIRFLOW_CONN_DB"])
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(known | {"password": "wrong-password"}))
    with pytest.raises(DatabaseRefused, match="password authentication failed"):
        STEP.do(run)


def test_a_migration_that_is_killed_leaves_a_schema_that_can_be_undone(
    run: LocalRun, world: World, db: str, server: Postgres
) -> None:
    revise(world, "020", "019", "op.execute('SELECT pg_sleep(60)')")
    code = (
        "from slipway.environment import Environment\n"
        "from slipway.steps import UpgradeAlembic\n"
        "from slipway.testing import LocalRun\n"
        "e = Environment(system='planner', name='production', database='db', host='host')\n"
        "UpgradeAlembic(name='migrate').do(LocalRun(environment=e))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as task:
        with server.connect(db) as session:
            asleep = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
            while not session.execute(asleep).fetchone()[0]:  # type: ignore[index]
                assert task.poll() is None
                time.sleep(0.05)
        task.kill()
    evidence = STEP.undo(run, Evidence(before={"revision": "018", "deploys": "v2"}))
    assert evidence.after == {"revision": "018"}
    with server.connect(db) as session:
        assert session.execute(asleep).fetchone() == (0,)
