"""What the Heroku stand-in knows: apps with their releases, dynos, and backups of their databases."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import uuid4

from slipway.sandbox.vendors.heroku_git import head_of, make_repository

Json = dict[str, Any]
ACCOUNT = {"id": str(uuid4()), "email": "release@acme.example"}


@dataclass(kw_only=True)
class App:
    """An app and all that Heroku keeps of it.

    :param git: its bare repository
    :param release_fails: whether the release phase of the next releases fails
    :param web: how many web dynos run
    :param web_state: what they are: "starting", "up", "crashed", "idle" or "down"
    """

    name: str
    git: Path
    id: str = field(default_factory=lambda: str(uuid4()))
    database: str = field(default_factory=lambda: str(uuid4()))
    release_fails: bool = False
    web: int = 1
    web_state: str = "up"
    head: str = ""
    releases: list[Json] = field(default_factory=list)
    slugs: dict[str, Json] = field(default_factory=dict)
    builds: list[Json] = field(default_factory=list)
    dynos: dict[str, Json] = field(default_factory=dict)
    transfers: list[Json] = field(default_factory=list)
    dumps: dict[str, bytes] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)

    @property
    def current(self) -> Json | None:
        """The release that runs."""
        return next((release for release in self.releases if release["current"]), None)

    @property
    def running(self) -> str:
        """The commit that runs, "" before the first deployment."""
        slug = (self.current or {}).get("slug")
        return str(self.slugs[slug["id"]]["commit"]) if slug else ""


def nothing_deployed(app: str, commit: str, version: int) -> None:
    """Do nothing when a release becomes current."""


def in_bash(app: str, command: str) -> "subprocess.Popen[bytes]":
    """Run a one-off dyno's command in bash on this machine."""
    return subprocess.Popen(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@dataclass(kw_only=True)
class HerokuState:
    """The stand-in's state, and the hooks by which the sandbox puts real things behind it.

    :param run: starts a one-off dyno's command; stdout is a pipe that also gets stderr
    :param capture: dumps an app's database
    :param restore: loads a dump into an app's database
    :param deployed: is told app, commit and version when a release becomes current
    :param takes: seconds that a release or a transfer is under way
    """

    run: Callable[[str, str], "subprocess.Popen[bytes]"] = in_bash
    capture: Callable[[str], bytes] = lambda app: f"dump of {app}".encode()
    restore: Callable[[str, bytes], None] = lambda app, dump: None
    deployed: Callable[[str, str, int], None] = nothing_deployed
    takes: float = 0.2
    apps: dict[str, App] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def add(self, name: str, git: Path) -> App:
        """Add an app with an empty repository and the release without code that Heroku begins with."""
        make_repository(git)
        app = self.apps[name] = App(name=name, git=git)
        first = self.release(app, None, "Initial release")
        first.update(status="succeeded", current=True)
        return app

    def release(self, app: App, slug: str | None, description: str) -> Json:
        """Begin a release; it becomes current when its time is over and `settle` is called."""
        made = {
            "id": str(uuid4()),
            "version": len(app.releases) + 1,
            "status": "pending",
            "current": False,
            "description": description,
            "slug": {"id": slug} if slug else None,
            "app": {"id": app.id, "name": app.name},
            "user": ACCOUNT,
            "addon_plan_names": ["heroku-postgresql:standard-0"],
            "output_stream_url": None,
            "eligible_for_rollback": slug is not None,
            "created_at": now(),
            "updated_at": now(),
            "over": time.monotonic() + self.takes,
        }
        app.releases.append(made)
        return made

    def settle(self, app: App) -> None:
        """Notice a push, and end the releases whose time is over."""
        if (head := head_of(app.git)) != app.head:
            app.head = head
            slug = self.slug(app, head)
            self.release(app, slug, f"Deploy {head[:8]}")
        for release in app.releases:
            if release["status"] == "pending" and time.monotonic() >= release["over"]:
                self._end(app, release)

    def slug(self, app: App, commit: str) -> str:
        """Build a commit; return the id of its slug."""
        slug = str(uuid4())
        app.slugs[slug] = {
            "id": slug,
            "commit": commit,
            "commit_description": None,
            "buildpack_provided_description": "Python",
            "checksum": None,
            "blob": {"method": "GET", "url": f"https://slugs.example/{slug}.tgz"},
            "process_types": {"web": "gunicorn app.wsgi"},
            "size": 2048,
            "stack": {"id": str(uuid4()), "name": "heroku-24"},
            "created_at": now(),
            "updated_at": now(),
        }
        app.builds.append(build_of(app, commit, slug))
        return slug

    def _end(self, app: App, release: Json) -> None:
        release.update(status="failed" if app.release_fails else "succeeded", updated_at=now())
        if app.release_fails:
            return
        for other in app.releases:
            other["current"] = other is release
        self.deployed(app.name, app.running, release["version"])


def build_of(app: App, commit: str, slug: str | None, status: str = "succeeded") -> Json:
    """Return a build as the API tells it."""
    return {
        "id": str(uuid4()),
        "app": {"id": app.id},
        "status": status,
        "source_blob": {"checksum": None, "url": "https://source.example/a.tgz", "version": commit},
        "slug": {"id": slug} if slug else None,
        "stack": "heroku-24",
        "user": ACCOUNT,
        "created_at": now(),
        "updated_at": now(),
    }


def now() -> str:
    """Return the time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
