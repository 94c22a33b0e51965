"""The small world that the steps are tried in."""

import logging
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.steps.release_tree import REVISION

# Serves the version that `current` points at, flags kept in a file, and a gauge that counts its readings.
SERVICE = """
import json, os, pathlib
from http.server import BaseHTTPRequestHandler, HTTPServer

HOME = pathlib.Path(__file__).parent
VERSION = (HOME / "current" / "VERSION").read_text().strip()
FLAGS = HOME / "flags.json"
READ = {"n": 0}


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body, kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def flags(self):
        return json.loads(FLAGS.read_text())

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        if self.path == "/version":
            self.answer(200, {"version": VERSION})
        elif self.path == "/metrics":
            READ["n"] += 1
            self.answer(200, f"# TYPE readings gauge\\nreadings {READ['n']}\\n", "text/plain; version=0.0.4")
        elif self.path == "/api/flags":
            self.answer(200, self.flags())
        elif name in self.flags():
            self.answer(200, self.flags()[name])
        else:
            self.answer(404, {})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != "Bearer sesame-token":
            self.answer(401, {})
            return
        name = self.path.rpartition("/")[2]
        with (HOME / "puts.log").open("a") as log:
            log.write(name + "\\n")
        FLAGS.write_text(json.dumps(self.flags() | {name: body}))
        self.answer(200, body)

    def log_message(self, *arguments):
        pass


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """The folders of one environment and its repository."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.home / "releases").iterdir())

    def commit(self, version: str) -> str:
        """Commit and tag a version; return the commit."""
        (self.source / "VERSION").write_text(f"{version}\n")
        (self.source / "run.sh").write_text("#!/bin/sh\n")
        (self.source / "run.sh").chmod(0o755)
        git(self.source, "add", "--all")
        git(self.source, "commit", "--quiet", "-m", version)
        git(self.source, "tag", "--force", "-a", version, "-m", version)
        return git(self.source, "rev-parse", "HEAD")

    def release(self, version: str) -> Path:
        """Put a finished release into place, without git."""
        folder = self.home / "releases" / version
        folder.mkdir()
        (folder / "VERSION").write_text(version)
        (folder / REVISION).write_text("0" * 40)
        return folder

    def write(self, path: str, text: str) -> Path:
        """Write a file into release v2."""
        file = self.home / "releases" / "v2" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lines(caplog_records: list[logging.LogRecord]) -> str:
    return "\n".join(record.getMessage() for record in caplog_records)


@contextmanager
def killed_after(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    *,
    when: Callable[..., bool] = lambda *_, **__: True,
) -> Iterator[None]:
    """Kill the task right after a call, with its work done and its answer lost.

    :param owner: the module or class that holds the function `name`
    :param when: given the call's arguments, whether this is the call
    """
    real = getattr(owner, name)

    def killed(*arguments: Any, **options: Any) -> Any:
        answer = real(*arguments, **options)
        if when(*arguments, **options):
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(KeyboardInterrupt):
            yield
