"""Install the dependencies of a release into an environment of its own."""

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.faults import CommandFailed, CommandTimedOut, InstallFailed, RequirementsMissing
from slipway.steps.processes import run_program
from slipway.steps.release_tree import DEPLOYS, ReleaseTree, remove_folder

_MARKER = ".slipway-installed"  # written last; holds the digest of what was installed


@dataclass(frozen=True, kw_only=True)
class InstallDependencies(Step):
    """Make releases/<version>/.venv from the release's requirements, with uv where there is one, else pip.

    :param requirements: path in the release
    """

    requirements: str = "requirements.txt"

    kind: ClassVar[str] = "install_dependencies"
    needs: ClassVar[tuple[str, ...]] = ("host",)

    def undo_in_words(self) -> str:
        """Say what is removed."""
        return "removes the release's .venv, if this step made it and the release is not deployed"

    def do(self, run: Run) -> Evidence:
        """Install; a finished environment of the same requirements is reused, a half-made one made anew.

        Raises RequirementsMissing and InstallFailed.
        """
        tree = ReleaseTree.of(run)
        wanted = self._digest(tree)
        before = run.remember("before", lambda: {"installed": _installed(tree), DEPLOYS: run.version})
        if _installed(tree) == wanted:
            run.log.info("%s is complete, reusing it", tree.venv)
        else:
            self._install(run, tree)
            (tree.venv / _MARKER).write_text(wanted)
        count = len(list(tree.venv.glob("lib/python*/site-packages/*.dist-info")))
        summary = f"{count} packages in {tree.venv}"
        run.log.info("Installed: %s", summary)
        after = {"installed": wanted, DEPLOYS: run.version}
        return Evidence(before=before, after=after, changed=before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Remove the environment, unless it was there before or the release is deployed."""
        tree = ReleaseTree.of(run, evidence.before)
        why = ""
        if evidence.before.get("installed", "unknown"):
            why = "this step did not make the environment"
        elif not tree.venv.exists():
            why = "the environment is not there"
        elif tree.is_deployed():
            why = f"{tree.venv} stays: `current` points at its release"
        if why:
            run.log.info("Nothing to undo: %s", why)
            return Evidence(before=evidence.before, changed=False, summary=why)
        remove_folder(tree.venv)
        run.log.info("Removed %s", tree.venv)
        return Evidence(before=evidence.after, after=evidence.before, summary=f"removed {tree.venv}")

    def _digest(self, tree: ReleaseTree) -> str:
        file = tree.there() / self.requirements
        if not file.is_file():
            raise RequirementsMissing(file)
        # The Python counts too: an environment of another one would not start.
        return hashlib.sha256(file.read_bytes() + sys.version.encode()).hexdigest()

    def _install(self, run: Run, tree: ReleaseTree) -> None:
        remove_folder(tree.venv)
        uv = _uv()
        python = str(tree.venv / "bin" / "python")
        if uv:
            make = [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(tree.venv)]
            install = [uv, "pip", "install", "--python", python, "--requirement", self.requirements]
        else:
            make = [sys.executable, "-m", "venv", str(tree.venv)]
            install = [python, "-m", "pip", "install", "--no-input", "--requirement", self.requirements]
        run.log.info("Installing %s into %s with %s", self.requirements, tree.venv, "uv" if uv else "pip")
        for argv in (make, install):
            try:
                run_program(argv, log=run.log, cwd=tree.path, env={}, timeout=self.timeout)
            except CommandFailed as error:
                raise InstallFailed(
                    tree.venv, " ".join(error.tail[-3:]) or f"status {error.status}"
                ) from error
            except CommandTimedOut as error:
                raise InstallFailed(tree.venv, f"not over after {error.seconds:g} s") from error


def _installed(tree: ReleaseTree) -> str:
    """Return the digest of the finished environment, "" if there is none."""
    try:
        return (tree.venv / _MARKER).read_text()
    except OSError:
        return ""


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv") or ""
