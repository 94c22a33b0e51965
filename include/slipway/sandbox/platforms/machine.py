"""The machine that CommunityShare is deployed from: the folder that stands for /opt/communityshare.

```
api/         a clone of the repository, at the version that was deployed last; frontend/ lies in it
releases/    what was built, by version
instances/   a link for each server, to the release that it is started from
bin/         npm, curl, python3, restart
```
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from slipway.sandbox.layout import Place, instances, port
from slipway.sandbox.platforms import curl, npm

API_PORT = 8080  # at which the machine knows each server by its name


def furnish(place: Place) -> None:
    """Lay out the machine as v1 left it. Every server runs v1 already."""
    for earlier in (place.home / "api", place.home / ".slipway", worker_folder(place)):
        shutil.rmtree(earlier, ignore_errors=True)
    git(place.home, "clone", "-q", str(place.repository), "api")
    git(place.home / "api", "checkout", "-q", "v1")
    build = place.home / "api" / "frontend" / "build.py"
    subprocess.run([sys.executable, "-I", build], check=True, capture_output=True)
    links = place.home / "instances"
    links.mkdir(exist_ok=True)
    for name in instances(place):
        (links / name).unlink(missing_ok=True)
        (links / name).symlink_to("../releases/v1")
    # v1 was built here, from this commit
    (place.home / "releases" / "v1" / "REVISION").write_text(
        git(place.home / "api", "rev-parse", "HEAD") + "\n"
    )
    _program(place, "npm", f'exec {sys.executable} -I {npm.__file__} "$@"')
    _program(place, "curl", f'exec {sys.executable} -S -E {curl.__file__} "$@"')
    _program(place, "python3", f'exec {sys.executable} "$@"')
    hosts = {f"{name}:{API_PORT}": port(place.root, f"{place.name}/{name}") for name in instances(place)}
    (place.home / "hosts.json").write_text(json.dumps(hosts))
    (worker_folder(place) / "releases").mkdir(parents=True)


def is_furnished(place: Place) -> bool:
    """Whether the machine is there."""
    return (place.home / "api").is_dir() and (place.home / "instances").is_dir()


def worker_folder(place: Place) -> Path:
    """Where the releases are kept on the worker, which is another machine."""
    return place.home / "worker"


def environment_of(place: Place) -> dict[str, str]:
    """The variables that a command on the machine gets."""
    return {
        "PATH": f"{place.home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(place.home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def checked_out(place: Place) -> str:
    """The tag that the clone is at, or its commit."""
    try:
        return git(place.home / "api", "describe", "--tags", "--always")
    except (OSError, subprocess.CalledProcessError):
        return ""


def git(folder: Path, *arguments: str) -> str:
    """Run git without anybody's own settings."""
    known = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    safe = known | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=safe, check=True, capture_output=True, text=True).stdout.strip()


def _program(place: Place, name: str, line: str) -> None:
    path = place.home / "bin" / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
