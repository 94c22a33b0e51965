"""Run a command in the release."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from slipway.environment import Environment
from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import CommandFailed
from slipway.steps.processes import LAST_LINES, Output, run_program
from slipway.steps.reach import connection, database_url
from slipway.steps.release_tree import DEPLOYS, ReleaseTree


class Place(StrEnum):
    """Which folder a command's `cwd` counts from."""

    RELEASE = "release"
    CURRENT = "current"
    HOME = "home"


class FromConnection(StrEnum):
    """A variable whose value comes from a connection of the environment."""

    DATABASE_URL = "DATABASE_URL"
    SERVICE_URL = "SERVICE_URL"
    SERVICE_TOKEN = "SERVICE_TOKEN"

    @property
    def role(self) -> str:
        """The connection that it comes from."""
        return "database" if self is FromConnection.DATABASE_URL else "service"


@dataclass(frozen=True, kw_only=True)
class RunCommand(Step):
    """Run a program, each line of its output going to the task log as it comes.

    `python` and other programs are found in the release's own environment first, if it has one. Besides
    `env` the command sees SLIPWAY_VERSION, SLIPWAY_ENVIRONMENT, SLIPWAY_HOME and SLIPWAY_RELEASE (its
    folder), but neither Airflow's variables nor PYTHONPATH. It is killed with all its children after
    `timeout`.

    :param argv: program and arguments, without a shell
    :param shell: give the arguments, joined by spaces, to `sh -c` instead
    :param inside: which folder `cwd` counts from
    :param secrets: variables taken from connections; their values are masked wherever they are printed
    :param statuses: the exit statuses that count as success
    :param fault_statuses: those by which a program that only looks says that it found what is wrong; with
        any other it could not look, which is HIGH at the most
    :param undo_argv: takes the command back; it may run twice, so it must be harmless then
    """

    argv: Sequence[str]
    shell: bool = False
    inside: Place = Place.RELEASE
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[FromConnection] = ()
    statuses: Sequence[int] = (0,)
    fault_statuses: Sequence[int] = ()
    undo_argv: Sequence[str] = ()

    kind: ClassVar[str] = "run_command"
    needs: ClassVar[tuple[str, ...]] = ("host",)

    def undo_in_words(self) -> str:
        """Name the undo command, "" without one."""
        return f"runs `{' '.join(self.undo_argv)}`" if self.undo_argv else ""

    def connections(self, environment: Environment) -> tuple[str, ...]:
        """Return the ids of the connections that this step uses there."""
        roles = dict.fromkeys(["host", *(name.role for name in self.secrets)])
        return tuple(environment.connection(role) for role in roles)

    def do(self, run: Run) -> Evidence:
        """Run it. Raises CommandFailed, CommandTimedOut and CommandNotFound."""
        before = run.remember("before", lambda: {"begun": True, DEPLOYS: run.version})
        try:
            return self._evidence(before, self._run(run, self.argv, before))
        except CommandFailed as failure:
            failure.saw_damage = failure.status in self.fault_statuses
            raise

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Run the undo command, unless the command was never begun."""
        if not evidence.before.get("begun"):
            run.log.info("Nothing to undo: the command was never begun")
            return Evidence(changed=False, summary="the command was never begun")
        return self._evidence({}, self._run(run, self.undo_argv, evidence.before))

    def _evidence(self, before: Mapping[str, Json], output: Output) -> Evidence:
        proof = {"status": output.status, "seconds": output.seconds, "last_lines": list(output.tail)[-5:]}
        summary = f"status {output.status} after {output.seconds:g} s"
        return Evidence(before=before, proof=proof, summary=summary)

    def _run(self, run: Run, argv: Sequence[str], before: Mapping[str, Json]) -> Output:
        tree = ReleaseTree.of(run, before)
        words = ["sh", "-c", " ".join(argv)] if self.shell else list(argv)
        secrets = self._secrets(run)
        cwd = self._folder(tree)
        run.log.info(
            "Running `%s` for %s in %s, at most %s (the last %d lines go into an error)",
            " ".join(argv), run.environment.label, cwd, self.timeout, LAST_LINES,
        )  # fmt: skip
        return run_program(
            words,
            log=run.log,
            cwd=cwd,
            env=self._variables(run, tree) | secrets,
            timeout=self.timeout,
            statuses=self.statuses,
            hide=[*secrets.values(), *self._passwords(run)],
        )

    def _folder(self, tree: ReleaseTree) -> Path:
        if self.inside is Place.RELEASE:
            return tree.there() / self.cwd
        return (tree.current if self.inside is Place.CURRENT else tree.home) / self.cwd

    def _variables(self, run: Run, tree: ReleaseTree) -> dict[str, str]:
        return {
            # The release's programs first, then the worker's own (python, uv, ...), then the system's.
            "PATH": os.pathsep.join(
                [str(tree.venv / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
            ),
            "PYTHONUNBUFFERED": "1",
            "SLIPWAY_VERSION": tree.version,
            "SLIPWAY_ENVIRONMENT": run.environment.name,
            "SLIPWAY_HOME": str(tree.home),
            "SLIPWAY_RELEASE": str(tree.path),
        } | dict(self.env)

    def _secrets(self, run: Run) -> dict[str, str]:
        values = {
            FromConnection.DATABASE_URL: lambda: database_url(run),
            FromConnection.SERVICE_URL: lambda: _service_url(run),
            FromConnection.SERVICE_TOKEN: lambda: str(connection(run, "service").password or ""),
        }
        return {str(name): values[name]() for name in self.secrets}

    def _passwords(self, run: Run) -> list[str]:
        # The command may print the password apart from the address that it was given in.
        return [connection(run, role).password or "" for role in {name.role for name in self.secrets}]


def _service_url(run: Run) -> str:
    from airflow.providers.http.hooks.http import HttpHook

    hook: Any = HttpHook(http_conn_id=connection(run, "service").conn_id)
    with hook.get_conn():  # which is what works the address out
        return str(hook.base_url)
