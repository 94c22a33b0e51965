"""Switch an environment to a release and prove that it serves it."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Json, Run
from slipway.steps.faults import ReleaseNotThere, ServiceUnreachable, SwitchedSince, WrongVersionServed
from slipway.steps.processes import run_program
from slipway.steps.reach import ask_service
from slipway.steps.release_tree import REVISION, ReleaseTree, remove_folder

_LOOK_EVERY = 0.2  # seconds between two looks at the version served


@dataclass(frozen=True, kw_only=True)
class DeployRelease(Step):
    """Point `current` at releases/<version>, restart the service, and wait until it reports the version.

    :param restart: program and arguments, run in the environment's home
    :param version_path: where the service answers {"version": ...}
    :param confirm_within: how long the service may take to report the version
    :param keep: how many releases stay on disk; the deployed one and the one before it always stay
    """

    restart: Sequence[str] = ("bin/restart",)
    version_path: str = "/version"
    confirm_within: timedelta = timedelta(seconds=30)
    keep: int = 5

    kind: ClassVar[str] = "deploy_release"
    needs: ClassVar[tuple[str, ...]] = ("host", "service")

    def undo_in_words(self) -> str:
        """Say what is switched back."""
        return "points `current` back at the release before, restarts, and waits for its version"

    def do(self, run: Run) -> Evidence:
        """Switch, restart and confirm.

        Raises ReleaseNotThere, LinkInTheWay, CommandFailed (the restart) and WrongVersionServed.
        """
        tree = ReleaseTree.of(run)
        if not tree.commit:
            raise ReleaseNotThere(tree.path)
        before = run.remember("before", lambda: {"release": tree.deployed(), "version": self._served(run)})
        if tree.is_deployed() and self._served(run) == run.version:
            run.log.info("%s already serves %s", run.environment.label, run.version)
        else:
            self._switch(run, tree, run.version, expected=run.version)
        self._prune(run, tree, spare={tree.version, str(before["release"])})
        after = {"release": tree.version, "version": run.version}
        summary = f"{before['version'] or 'nothing'} -> {run.version}"
        return Evidence(before=before, after=after, changed=before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Switch back to the release before, restart and confirm its version.

        Raises SwitchedSince and what `do` raises.
        """
        if "release" not in evidence.before:
            return _unchanged(run, "the switch was never begun", {})
        tree = ReleaseTree.of(run)
        release, version = str(evidence.before["release"]), str(evidence.before["version"])
        now: dict[str, Json] = {"release": tree.deployed(), "version": self._served(run)}
        if now == dict(evidence.before):
            return _unchanged(run, f"{release or 'nothing'} is deployed already", now)
        ours, found = str(evidence.after.get("release", "")), str(now["release"])
        if ours and found not in {"", ours, release}:
            raise SwitchedSince(tree.current, found, ours, release)
        if not release:
            tree.current.unlink(missing_ok=True)
            run.log.info("Removed the link `current`: nothing was deployed before this release")
            return Evidence(before=now, after=evidence.before, summary="nothing was deployed before")
        if not (tree.releases / release).is_dir():
            raise ReleaseNotThere(tree.releases / release)
        self._switch(run, tree, release, expected=version)
        return Evidence(before=now, after=evidence.before, summary=f"{now['release']} -> {release}")

    def _switch(self, run: Run, tree: ReleaseTree, release: str, *, expected: str) -> None:
        """Point `current` at a release, restart, and confirm the version ("" if it is not known)."""
        run.log.info(
            "Switching %s from %s to %s", run.environment.label, tree.deployed() or "nothing", release
        )
        draft = tree.home / f".current-{os.getpid()}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(f"releases/{release}")
        draft.replace(tree.current)  # at one stroke: there is no moment without `current`
        run.log.info("Restarting with `%s`", " ".join(self.restart))
        first, *rest = self.restart
        program = str(tree.home / first) if "/" in first else first
        run_program([program, *rest], log=run.log, cwd=tree.home, env={}, timeout=self.timeout)
        if expected:
            self._confirm(run, expected)

    def _confirm(self, run: Run, expected: str) -> None:
        patience = self.confirm_within.total_seconds()
        began = time.monotonic()
        while (served := self._served(run)) != expected:
            if time.monotonic() - began > patience:
                found = f"reports {served}" if served else "does not answer with a version"
                raise WrongVersionServed(run.environment.service, expected, found, patience)
            time.sleep(_LOOK_EVERY)
        run.log.info(
            "%s serves %s, %.1f s after the restart",
            run.environment.label,
            expected,
            time.monotonic() - began,
        )

    def _served(self, run: Run) -> str:
        """Return the version that the service reports, "" if it does not answer."""
        with suppress(ServiceUnreachable, ValueError):
            answer = ask_service(run, "GET", self.version_path)
            body = answer.json() if answer.ok else None
            return str(body.get("version", "")) if isinstance(body, dict) else ""
        return ""

    def _prune(self, run: Run, tree: ReleaseTree, spare: set[str]) -> None:
        finished = [
            path for path in tree.releases.iterdir() if (path / REVISION).exists() and path.name[0] != "."
        ]
        newest = sorted(finished, key=lambda path: (path / REVISION).stat().st_mtime, reverse=True)
        for old in newest[max(self.keep, 2) :]:
            if old.name in spare:
                continue
            try:
                remove_folder(old)
                run.log.info("Removed the old release %s: only the newest %d are kept", old.name, self.keep)
            except OSError as error:  # the deployment itself is good
                run.log.warning("Could not remove the old release %s: %s", old, error)


def _unchanged(run: Run, why: str, now: dict[str, Json]) -> Evidence:
    run.log.info("Nothing to undo in %s: %s", run.environment.label, why)
    return Evidence(before=now, after=now, changed=False, summary=why)
