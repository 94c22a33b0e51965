"""A deployment by hand, as an operator of the sandbox would do it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from slipway.sandbox.layout import Place, port
from slipway.sandbox.repository import export


def settings(place: Place) -> dict[str, str]:
    lines = (place.home / "shared" / "env").read_text().splitlines()
    return {**os.environ, **dict(line.split("=", 1) for line in lines)}


def fetch(place: Place, tag: str) -> Path:
    release = place.home / "releases" / tag
    export(place.repository, tag, release)
    return release


def run(place: Place, release: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=release,
        env=settings(place),
        capture_output=True,
        text=True,
        check=False,
    )


def migrate(place: Place, release: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return run(place, release, "-m", "alembic", *(command or ("upgrade", "head")))


def switch(place: Place, release: Path) -> subprocess.CompletedProcess[str]:
    fresh = place.home / "current.new"
    fresh.symlink_to(release.relative_to(place.home))
    fresh.rename(place.current)
    return subprocess.run([place.home / "bin" / "restart"], capture_output=True, text=True, check=False)


def deploy(place: Place, tag: str) -> None:
    """Migrate, switch and restart; every step must succeed."""
    release = fetch(place, tag)
    migrated = migrate(place, release)
    assert migrated.returncode == 0, migrated.stderr
    restarted = switch(place, release)
    assert restarted.returncode == 0, restarted.stderr


def ask(
    place: Place, path: str, body: object = None, method: str | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one request."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port(place.root, place.name)}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def listing(place: Place, n: int) -> tuple[int, float]:
    """Status and seconds of the n-th of many usual listings."""
    began = time.perf_counter()
    if place.system == "planner":
        status, _ = ask(place, "/api/tasks", X_User=str(1 + n % 25))
    elif place.system == "scores":
        status, _ = ask(place, "/api/assessments", X_User=str(1 + n % 25))
    else:
        week, position = 18, ("QB", "RB", "WR", "TE", "K", "DST")[n % 6]
        kind = ("player-pools", "smart-score")[n // 6 % 2]
        status, _ = ask(place, f"/api/{kind}/{week}?position={position}")
    return status, time.perf_counter() - began
