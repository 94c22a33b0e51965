"""The git repositories of the apps on the Heroku stand-in: bare ones that build what they are given.

They are read and pushed to as on git.heroku.com, over HTTP with the token as password (git-http-protocol(5)).
"""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.sandbox.vendors.stand_in import CONTROL, StandIn

if TYPE_CHECKING:
    from flask import Response

_SERVICES = ("git-upload-pack", "git-receive-pack")
# Heroku builds before it takes the push; a commit with this file in it cannot be built.
UNBUILDABLE = "BROKEN_BUILD"
_HOOK = f"""#!/bin/sh
while read old new ref; do
  test "$ref" = refs/heads/main || {{ echo " !	Pushed to non-main branch, skipping build."; continue; }}
  echo "-----> Building on the Heroku-24 stack"
  echo "-----> Using buildpack: heroku/python"
  if git cat-file -e "$new:{UNBUILDABLE}" 2>/dev/null; then
    echo " !     Error: Couldn't install the packages."
    echo " !     Push rejected, failed to compile Python app."
    exit 1
  fi
  echo "-----> Compressing..."
  echo "-----> Launching..."
done
"""


def make_repository(path: Path) -> None:
    """Make an empty repository that takes pushes as Heroku's does."""
    path.mkdir(parents=True, exist_ok=True)
    _git(path, "init", "--quiet", "--bare", "--initial-branch=main", ".")
    hook = path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK)
    hook.chmod(0o755)


def head_of(path: Path) -> str:
    """Return the commit that main is at, "" before the first push."""
    return _git(path, "for-each-ref", "--format=%(objectname)", "refs/heads/main").strip()


def git_door(folder: Callable[[str], Path | None], *, token: str = "") -> StandIn:
    """Return the stand-in of git.heroku.com, which takes the token as anybody's password (any if "").

    To its troubles a push is "POST /<app>.git/git-receive-pack"; before it, and for reading alone, git asks
    "GET /<app>.git/info/refs".

    :param folder: the repository of an app, None if there is no such app
    """
    from flask import Flask, Response, abort, request

    app = Flask("heroku_git")
    door = StandIn(app=app, error=lambda status, said: (said, status))

    @app.before_request
    def who() -> Any:
        given = request.authorization
        if not token or request.path.startswith(CONTROL) or (given and given.password == token):
            return None
        return "Invalid credentials provided.", 401, {"WWW-Authenticate": 'Basic realm="Heroku"'}

    def at(name: str, service: str) -> Path:
        path = folder(name)
        if path is None or service not in _SERVICES:
            abort(404, f"Couldn't find {name}.")
        return path

    @app.get("/<name>.git/info/refs")
    def refs(name: str) -> Response:
        service = request.args.get("service", "")
        told = _speak(at(name, service), service, b"", "--advertise-refs")
        line = f"# service={service}\n"
        first = f"{len(line) + 4:04x}{line}0000".encode()
        return Response(first + told, content_type=f"application/x-{service}-advertisement")

    @app.post("/<name>.git/<service>")
    def exchange(name: str, service: str) -> Response:
        path, given = at(name, service), request.get_data()
        if request.headers.get("Content-Encoding") == "gzip":
            given = gzip.decompress(given)
        return Response(_speak(path, service, given), content_type=f"application/x-{service}-result")

    return door


def _speak(path: Path, service: str, given: bytes, *options: str) -> bytes:
    command = ["git", service.removeprefix("git-"), "--stateless-rpc", *options, "."]
    return subprocess.run(
        command, cwd=path, env=_safe(), input=given, capture_output=True, check=False
    ).stdout


def _safe() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return environment | {"GIT_CONFIG_GLOBAL": os.devnull}


def _git(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=path, env=_safe(), check=True, capture_output=True, text=True
    )
    return done.stdout
