"""Heroku's stand-in with a deployed app, and a manage.py whose migrations are lines of a file."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.steps.repositories import Repositories
from tests.steps.world import git

from slipway.run import Evidence
from slipway.sandbox.vendors.heroku import Heroku
from slipway.sandbox.vendors.heroku_state import App, HerokuState
from slipway.still_going import StillGoing

# Stands for `python`: what Django does with a database whose applied migrations are lines of a file.
DJANGO = """
import os, pathlib, sys

home = pathlib.Path(os.environ["APP_HOME"])
plan = (home / "plan").read_text().split()
applied = (home / "applied").read_text().split()
with (home / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[2:]) + "\\n")
if sys.argv[2] == "showmigrations":
    print("\\n".join(f"[{'X' if name in applied else ' '}]  {name}" for name in plan))
elif sys.argv[3].startswith("--"):
    if (home / "broken").exists():
        sys.exit("django.db.utils.ProgrammingError: column exists")
    applied = plan
    print("Running migrations:")
else:
    app, target = sys.argv[3:5]
    names = [name for name in plan if name.startswith(f"{app}.")]
    kept = names[: names.index(f"{app}.{target}") + 1] if target != "zero" else []
    applied = [name for name in applied if name not in names or name in kept]
    print(f"Unapplying {app}")
(home / "applied").write_text("\\n".join(applied))
"""


@dataclass(kw_only=True)
class HerokuWorld:
    """The stand-in, the repositories, and a folder that stands for the app's dyno."""

    stand_in: Heroku
    repositories: Repositories
    commands: list[str] = field(default_factory=list)

    @property
    def state(self) -> HerokuState:
        return self.stand_in.state

    @property
    def app(self) -> App:
        return self.state.apps["the5hc"]

    @property
    def bin(self) -> Path:
        return self.repositories.root / "bin"

    def run(self, app: str, command: str) -> "subprocess.Popen[bytes]":
        """Run a dyno's command in bash, with this world's `python`."""
        self.commands.append(command.partition(";")[0])
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.bin,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "APP_HOME": str(self.bin), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def deploy(self, branch: str) -> None:
        """Have the app run a branch of a person's clone, without a step."""
        commit = git(self.repositories.work, "rev-parse", branch)
        git(
            self.repositories.work,
            "push",
            "--quiet",
            "--force",
            str(self.app.git),
            f"{commit}:refs/heads/main",
        )
        wait(lambda: self._runs(commit))

    def _runs(self, commit: str) -> bool:
        self.state.settle(self.app)
        return self.app.running == commit

    def migrations(self, plan: list[str], applied: list[str]) -> None:
        (self.bin / "plan").write_text("\n".join(plan))
        (self.bin / "applied").write_text("\n".join(applied))

    def applied(self) -> list[str]:
        return (self.bin / "applied").read_text().split()

    def posts(self, path: str) -> int:
        """Count the POSTs that came in for a path."""
        return sum(call.method == "POST" and call.path == path for call in self.stand_in.calls)


def through(act: Callable[..., Evidence], *arguments: object) -> Evidence:
    """Call it again while something is still going, as the task does."""
    for _ in range(200):
        try:
            return act(*arguments)
        except StillGoing:
            time.sleep(0.01)
    raise AssertionError("it is still going")


def wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
