"""What the platform's one-off dynos run: migrate, showmigrations, clear_cache, collectstatic, check.

python manage.py migrate [APP TARGET] [--noinput]; TARGET is a migration of the app, or zero.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import psycopg

HERE = Path(__file__).resolve().parent
COLLECTED = HERE / "staticfiles"
SETTINGS = HERE / "alembic.ini"


def migrations():
    """Alembic's script folder; its revisions in the order in which they are applied."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(SETTINGS)
    script = ScriptDirectory.from_config(config)
    return config, [revision.revision for revision in reversed(list(script.walk_revisions()))]


def applied():
    """How many of the migrations are applied."""
    _, names = migrations()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()[0]
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    if row and row[0] not in names:
        sys.exit(f"the database is at {row[0]}, which this code does not have")
    return names.index(row[0]) + 1 if row else 0


def migrate(given):
    from alembic import command

    config, names = migrations()
    done = applied()
    if given.app and given.app != "assessments":
        sys.exit(f"CommandError: No installed app with label '{given.app}'.")
    target = given.target or names[-1]
    if target != "zero" and target not in names:
        sys.exit(f"CommandError: Cannot find a migration matching '{target}'.")
    wanted = 0 if target == "zero" else names.index(target) + 1
    print("Running migrations:")
    if wanted == done:
        print("  No migrations to apply.")
    for name in names[done:wanted]:
        command.upgrade(config, name)
        print(f"  Applying assessments.{name}... OK", flush=True)
    for name in reversed(names[wanted:done]):
        before = names.index(name)
        command.downgrade(config, names[before - 1] if before else "base")
        print(f"  Unapplying assessments.{name}... OK", flush=True)


def showmigrations(given):
    _, names = migrations()
    done = applied()
    for number, name in enumerate(names):
        print(f"[{'X' if number < done else ' '}]  assessments.{name}")


def clear_cache(given):
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        count = connection.execute("DELETE FROM report_cache").rowcount
    print(f"Cleared the cache: {count} reports.")


def collectstatic(given):
    """Copy the static files, each under a name with a digest of its content."""
    if not given.noinput:
        sys.exit("CommandError: say --noinput, nobody can be asked here.")
    shutil.rmtree(COLLECTED, ignore_errors=True)
    COLLECTED.mkdir()
    paths = {}
    for file in sorted((HERE / "static").iterdir()):
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()[:12]
        paths[file.name] = f"{file.stem}.{digest}{file.suffix}"
        shutil.copy(file, COLLECTED / paths[file.name])
    (COLLECTED / "staticfiles.json").write_text(json.dumps({"paths": paths}))
    print(f"{len(paths)} static files copied to '{COLLECTED}'.")


def check(given):
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("SELECT 1")
    print("System check identified no issues (0 silenced).")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for work in (migrate, showmigrations, clear_cache, collectstatic, check):
        command = commands.add_parser(work.__name__)
        command.set_defaults(work=work)
        command.add_argument("--noinput", action="store_true")
        command.add_argument("--plan", action="store_true")
        if work is migrate:
            command.add_argument("app", nargs="?")
            command.add_argument("target", nargs="?")
    given = parser.parse_args()
    os.chdir(HERE)
    given.work(given)


if __name__ == "__main__":
    main()
