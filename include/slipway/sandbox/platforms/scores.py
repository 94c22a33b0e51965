"""What the scores run on: Heroku's stand-in, whose releases are the sandbox's own processes.

A release that becomes current is unpacked into the environment's home and started from there; one-off dynos
run in it; backups are those of PostgreSQL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from slipway.sandbox import control, repository
from slipway.sandbox.errors import ServiceDidNotStart
from slipway.sandbox.layout import Environment, Place, System, port, token
from slipway.sandbox.postgres import Postgres, bin_folder

if TYPE_CHECKING:
    from slipway.sandbox.vendors.heroku import Heroku
    from slipway.sandbox.vendors.heroku_state import App, HerokuState

APPS: Mapping[Environment, str] = MappingProxyType(
    {Environment.STAGING: "the5hc-staging", Environment.PRODUCTION: "the5hc"}
)
DEPLOYED_FROM = "deploy/manual-score-override"  # made by a release, and gone with a reset
HEROKU = "scores_heroku"  # its port and its token
GIT = "scores_heroku_git"  # its port


@dataclass(frozen=True)
class Scores:
    """Two apps on Heroku."""

    def serve(self, postgres: Postgres, open_: ExitStack) -> None:
        """Start Heroku's API, with each app running what its service runs."""
        from slipway.sandbox.vendors.heroku import heroku
        from slipway.sandbox.vendors.heroku_state import HerokuState
        from slipway.sandbox.vendors.stand_in import serving

        state = HerokuState()
        behind = Behind(postgres, state)
        state.run, state.capture = behind.run, behind.capture
        state.restore, state.deployed = behind.restore, behind.deploy
        for place in behind.places.values():
            begin(state, place)
        made = heroku(state, token=token(postgres.root, HEROKU))
        _offer_control(made, behind)
        open_.callback(made.close)
        open_.enter_context(serving(made, port(postgres.root, HEROKU, must_be_free=True)))
        open_.enter_context(serving(made.git, port(postgres.root, GIT, must_be_free=True)))

    def connections(self, postgres: Postgres) -> Mapping[str, Mapping[str, Any]]:
        """Return Heroku's two APIs, with where to push, and the folder for clones."""
        root = postgres.root
        workspace = root / "workspace"
        workspace.mkdir(exist_ok=True)
        api = {
            "conn_type": "http",
            "schema": "http",
            "host": "127.0.0.1",
            "port": port(root, HEROKU),
            "password": token(root, HEROKU),
        }
        own = {"git": f"http://127.0.0.1:{port(root, GIT)}/{{app}}.git", "rendezvous_tls": False}
        return {
            "scores_heroku": {**api, "extra": own},
            "scores_heroku_data": api,
            "scores_workspace": {"conn_type": "fs", "extra": {"path": str(workspace)}},
        }

    def settings(self, place: Place) -> Mapping[str, object]:
        """Return nothing: the service is told what every service is told."""
        return {}

    def reset(self, postgres: Postgres, place: Place) -> None:
        """Let the app run v1 as its only deployment; the branch that releases deploy from goes."""
        _ask(place, "POST", "/reset")

    def fingerprint(self, place: Place) -> Mapping[str, Any]:
        """Return the commit that the app runs, and its one-off dynos that still run."""
        return _ask(place, "GET", "")


@dataclass(frozen=True)
class Behind:
    """What stands behind the apps: the environments of the sandbox."""

    postgres: Postgres
    state: HerokuState

    @property
    def places(self) -> dict[str, Place]:
        """The environment of each app."""
        root = self.postgres.root
        return {
            app: Place(root=root, system=System.SCORES, environment=environment)
            for environment, app in APPS.items()
        }

    def deploy(self, app: str, commit: str, version: int) -> None:
        """Start a release. To Heroku one that crashes is the current one all the same."""
        place = self.places[app]
        release = place.home / "releases" / commit
        if not release.exists():
            repository.unpack(_git_folder(place.root) / f"{app}.git", commit, release)
        fresh = place.home / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(release.relative_to(place.home))
        fresh.rename(place.current)
        try:
            print(f"{app} v{version}: {control.restart(place)}", flush=True)
            self.state.apps[app].web_state = "up"
        except ServiceDidNotStart as fault:
            print(f"{app} v{version} crashed: {fault}", flush=True)
            self.state.apps[app].web_state = "crashed"

    def run(self, app: str, command: str) -> subprocess.Popen[bytes]:
        """Run a one-off dyno's command in the current release, with the app's settings."""
        place = self.places[app]
        lines = (place.home / "shared" / "env").read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=place.current.resolve(),
            env={"PATH": path, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def capture(self, app: str) -> bytes:
        """Dump the app's database."""
        return self._tool("pg_dump", "--format=custom", self.postgres.url(self.places[app].name))

    def restore(self, app: str, dump: bytes) -> None:
        """Replace all that the app's database holds."""
        name = self.places[app].name
        with self.postgres.connect(name) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        self._tool("pg_restore", "--exit-on-error", f"--dbname={self.postgres.url(name)}", given=dump)

    def _tool(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [str(bin_folder() / program), *arguments], input=given, capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(said[-1] if said else f"{program} ended with status {done.returncode}")
        return done.stdout


def begin(state: HerokuState, place: Place) -> App:
    """Let Heroku know an app that runs what its environment runs."""
    name = APPS[place.environment]
    git = _git_folder(place.root) / f"{name}.git"
    app = state.add(name, git)
    _git(git, "fetch", "-q", str(place.repository), "+refs/*:refs/source/*")
    app.head = _git(git, "rev-parse", f"{_running(place)}^{{commit}}")
    _git(git, "update-ref", "refs/heads/main", app.head)
    first = state.release(app, state.slug(app, app.head), f"Deploy {app.head[:8]}")
    for release in app.releases:
        release["current"] = release is first
    first.update(status="succeeded", over=0)
    return app


def _running(place: Place) -> str:
    """Return the tag or the commit in the name of the running release's folder."""
    name = place.current.resolve().name if place.current.exists() else "v1"
    return f"refs/source/tags/{name}" if name.startswith("v") else name


def _offer_control(made: Heroku, behind: Behind) -> None:
    """Add what the launcher asks of the stand-in, beside Heroku's own paths."""
    from slipway.sandbox.vendors.stand_in import CONTROL

    @made.app.post(f"{CONTROL}/apps/<name>/reset")
    def reset(name: str) -> Any:
        with made.state.lock:
            place = behind.places[name]
            _git(place.repository, "update-ref", "-d", f"refs/heads/{DEPLOYED_FROM}")
            begin(made.state, place)
        return {"reset": name}

    @made.app.get(f"{CONTROL}/apps/<name>")
    def look(name: str) -> Any:
        with made.state.lock:
            app = made.state.apps[name]
            made.state.settle(app)
        return {"commit": app.running, "one_off_dynos": len(app.dynos)}


def _ask(place: Place, method: str, path: str) -> dict[str, Any]:
    app = APPS[place.environment]
    address = f"http://127.0.0.1:{port(place.root, HEROKU)}/_stand_in/apps/{app}{path}"
    request = urllib.request.Request(address, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def _git_folder(root: Path) -> Path:
    return root / "sandbox" / System.SCORES / "heroku"


def _git(path: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    safe = environment | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, env=safe, check=True, capture_output=True, text=True).stdout.strip()
