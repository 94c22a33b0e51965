"""The environments of the systems: database, home folder, release; and the way back to a pristine v1."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slipway.sandbox import control, repository
from slipway.sandbox.layout import Environment, Place, System, places, port, token, with_slots
from slipway.sandbox.platforms import PLATFORMS
from slipway.sandbox.postgres import Postgres
from slipway.sandbox.seed import __file__ as seed_file
from slipway.sandbox.seed import seed

# What staging's people configured and production's did not: why a release may start in the one only.
STAGING_ONLY = {
    System.PLANNER: {"SEMANTIC_INDEX": "memory"},
    System.CALIBRATION: {"NEWS_FEED": "local"},
    System.GOALS: {"GOAL_REMINDERS": "daily"},
    System.COMMUNITYSHARE: {"PHOTO_BUCKET": "communityshare-photos"},
    System.SCORES: {"SCORE_NORMS": "local"},
}
# The script of a release that brings an empty database to its schema; Alembic does where there is none.
SCHEMA_SCRIPTS = ("schema.sql", "database/upgrade.sql")


def ensure(postgres: Postgres, chosen: list[Place]) -> None:
    """Bring every environment into being that is not there yet; what is there stays as it is.

    Environments are made side by side.
    """
    systems = {place.system: place.root for place in chosen}
    for name, root in systems.items():
        _forget_outdated(postgres, root, name)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda s: repository.ensure_repository(systems[s], s), systems))
        list(workers.map(lambda s: _ensure_schema(postgres, systems[s], s), systems))
        list(workers.map(lambda place: _ensure_place(postgres, place), chosen))


def reset(postgres: Postgres, place: Place) -> None:
    """Bring one environment back to v1 as it was seeded, and start it. Raises ServiceDidNotStart."""
    control.stop(place)
    postgres.drop_database(place.name)
    for kept in postgres.databases(f"{place.name}_replaced_"):  # by restores
        postgres.drop_database(kept)
    postgres.ensure_database(place.name, template=place.template_database)
    _furnish(postgres, place)
    control.restart(place)


def _forget_outdated(postgres: Postgres, root: Path, system: System) -> None:
    """Drop what was made from other templates or another seed than those of today."""
    stamp = root / "sandbox" / system / "seed.digest"
    seeds = b"".join(path.read_bytes() for path in sorted(Path(seed_file).parent.glob("seed*.py")))
    wanted = f"{repository.digest(system)} {hashlib.sha256(seeds).hexdigest()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    postgres.drop_database(f"{system}_schema")
    for place in places(root, (system,), tuple(Environment)):
        postgres.drop_database(place.name)
        postgres.drop_database(place.template_database)
        for each in with_slots([place]):
            shutil.rmtree(each.home, ignore_errors=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def _ensure_schema(postgres: Postgres, root: Path, system: System) -> None:
    """Make the empty database at v1's schema, from which the templates are copied."""
    name = f"{system}_schema"
    if postgres.has_database(name):
        return
    release = root / "sandbox" / system / "schema"
    repository.export(repository.ensure_repository(root, system), "v1", release)
    postgres.ensure_database(f"{name}_new")
    script = next((s for s in SCHEMA_SCRIPTS if (release / s).exists()), "")
    if script:
        with postgres.connect(f"{name}_new") as connection:
            connection.execute((release / script).read_bytes())
    else:
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=release,
            env={**os.environ, "DATABASE_URL": postgres.url(f"{name}_new")},
            check=True,
            capture_output=True,
        )
    _rename(postgres, f"{name}_new", name)  # by its name it is complete


def _ensure_place(postgres: Postgres, place: Place) -> None:
    if not postgres.has_database(place.template_database):
        fresh = f"{place.template_database}_new"
        postgres.drop_database(fresh)
        postgres.ensure_database(fresh, template=f"{place.system}_schema")
        with postgres.connect(fresh) as connection:
            seed(connection, place.system, place.environment)
        _rename(postgres, fresh, place.template_database)
    postgres.ensure_database(place.name, template=place.template_database)
    if place.current.exists():
        _write_settings(postgres, place)  # ports may have changed
    else:
        _furnish(postgres, place)


def _rename(postgres: Postgres, old: str, new: str) -> None:
    with postgres.connect() as connection:
        connection.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"'.encode())


def _furnish(postgres: Postgres, place: Place) -> None:
    """Lay out the home folder with v1 as its only release."""
    shutil.rmtree(place.home / "releases", ignore_errors=True)
    shutil.rmtree(place.home / "instances", ignore_errors=True)  # which leads every server to `current`
    place.current.unlink(missing_ok=True)
    release = place.home / "releases" / "v1"
    repository.export(place.repository, "v1", release)
    if (build := release / "frontend" / "build.py").exists():
        subprocess.run([sys.executable, "-I", build], check=True, capture_output=True)
    place.log.parent.mkdir(exist_ok=True)
    if place.log.exists():  # what an earlier release logged is not of this one
        place.log.rename(place.log.with_suffix(".previous.log"))
    _write_settings(postgres, place)
    _write_restart(place)
    place.current.symlink_to(Path("releases") / "v1")


def _write_settings(postgres: Postgres, place: Place) -> None:
    settings: dict[str, object] = {
        "DATABASE_URL": postgres.url(place.name),
        "PORT": port(place.root, place.name),
        "ENVIRONMENT": place.environment,
        "SERVICE_NAME": place.name,
        "API_TOKEN": token(place.root, place.name),
    }
    if place.environment is Environment.STAGING:
        settings |= STAGING_ONLY[place.system]
    if platform := PLATFORMS.get(place.system):
        settings |= platform.settings(place)
    path = place.home / "shared" / "env"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def _write_restart(place: Place) -> None:
    """Write bin/restart: a script of its own, so that a deployment needs to know nothing of the sandbox."""
    path = place.home / "bin" / "restart"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "#!/bin/sh\n"
        f"# Restart {place.name}, or one server of it by name; fails with the last log lines.\n"
        f"exec {sys.executable} -I {Path(control.__file__).with_name('restart.py')}"
        f" {place.root / 'sandbox' / 'supervisor.json'} {place.name}${{1:+/$1}}\n"
    )
    path.chmod(0o755)
