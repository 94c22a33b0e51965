"""Restart the instances of a service one after the other, over SSH."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from shlex import quote
from typing import ClassVar

from slipway.kinds import Step
from slipway.run import Evidence, Run
from slipway.steps.faults.ssh import InstanceUnwell, VersionBeforeUnknown
from slipway.steps.ssh_api import Server, server
from slipway.steps.ssh_job import Job, clear, forget, job_name, run_job, stop, was_begun

LOOK_EVERY = 0.5  # seconds


@dataclass(frozen=True, kw_only=True)
class RollingRestart(Step):
    """Restart instances one at a time with a version; each must be well before the next one is touched.

    In `restart` and `address`, "{instance}" is the instance and "{version}" the version.

    :param instances: in the order of their restart
    :param restart: a command for the server, e.g. "./scripts/rolling-restart.sh --version {version}"
    :param cwd: the folder there that it runs in
    :param address: of an instance as the server reaches it, e.g. "http://{instance}:8080"
    :param version_path: answers {"version": ...}, or the version alone
    :param settle: how long an instance must stay well
    :param confirm_within: how long it may take to become well
    """

    instances: Sequence[str]
    restart: str
    address: str
    cwd: str = ""
    health_path: str = "/health"
    version_path: str = "/version"
    settle: timedelta = timedelta(seconds=10)
    confirm_within: timedelta = timedelta(minutes=2)

    kind: ClassVar[str] = "rolling_restart"
    needs: ClassVar[tuple[str, ...]] = ("server",)

    def undo_in_words(self) -> str:
        """Say which instances are rolled back."""
        return "restarts the instances that were touched with their version from before, one at a time"

    def look(self, run: Run) -> str:
        """Say which version each instance reports. Raises VersionBeforeUnknown if one reports none."""
        with server(run) as there:
            versions = self._ways_back(there)["versions"]
        return ", ".join(f"{instance} reports {version}" for instance, version in versions.items())

    def do(self, run: Run) -> Evidence:
        """Restart them.

        Raises VersionBeforeUnknown before anything is touched, InstanceUnwell at the first one that is not
        well, CommandFailed, and the faults of steps.faults.ssh.
        """
        with server(run) as there:
            before = run.remember("before", lambda: self._ways_back(there))
            restarted = 0
            for index, instance in enumerate(self.instances):
                forget(there, self._job_name(run, instance, "undo"))
                restarted += self._bring(
                    run, there, instance, run.version, "do", untouched=tuple(self.instances[index + 1 :])
                )
            after = {"versions": self._versions(there)}
        summary = f"{restarted} of {len(self.instances)} instances restarted with {run.version}"
        return Evidence(before=before, after=after, changed=restarted > 0 or before != after, summary=summary)

    def undo(self, run: Run, evidence: Evidence) -> Evidence:
        """Roll back each touched instance, last one first. Raises what `do` raises.

        One without a version to go back to is said when all the others are rolled back.
        """
        versions: Mapping[str, str] = evidence.before.get("versions", {})
        ours: Mapping[str, str] = evidence.after.get("versions", {})
        rolled, stuck = [], []
        with server(run) as there:
            now = self._versions(there)
            for instance in reversed(self.instances):
                done = self._job_name(run, instance, "do")
                runs_ours = now[instance] != versions.get(instance) and now[instance] == ours.get(instance)
                if not was_begun(there, done) and not runs_ours:
                    run.log.info("%s was not touched by this release", instance)
                    continue
                if not versions.get(instance):
                    run.log.error("%s reported no version before, so there is none to go back to", instance)
                    stuck.append(instance)
                    continue
                stop(there, done, log=run.log)
                version = _written_as(run.version, versions[instance])
                self._bring(run, there, instance, version, "undo")
                forget(there, done)
                rolled.append(instance)
            after = {"versions": self._versions(there)}
        if stuck:
            found = ", ".join(after["versions"][each] or "no version" for each in stuck)
            raise VersionBeforeUnknown(
                stuck,
                f"They were restarted by this release and report {found} now. Restart them by hand with the "
                "version that belongs there, and mark this task success.",
            )
        summary = f"rolled back: {', '.join(rolled)}" if rolled else "no instance was touched"
        return Evidence(before={"versions": now}, after=after, changed=bool(rolled), summary=summary)

    def _bring(
        self,
        run: Run,
        there: Server,
        instance: str,
        version: str,
        verb: str,
        untouched: tuple[str, ...] = (),
    ) -> bool:
        """Restart one instance and wait until it is well; False if it was well with that version already."""
        if self._unwell(there, instance, version) == "":
            run.log.info("%s is well with %s already", instance, version)
            return False
        command = self._filled(self.restart, instance, version)
        job = Job(name=self._job_name(run, instance, verb), title=command, lines=(command,), cwd=self.cwd)
        run_job(there, job, log=run.log, timeout=self.timeout)
        try:
            self._confirm(run, there, instance, version, untouched)
        except InstanceUnwell:
            clear(there, job)  # the next try restarts it once more
            raise
        return True

    def _confirm(
        self, run: Run, there: Server, instance: str, version: str, untouched: tuple[str, ...]
    ) -> None:
        """Wait until the instance is well, and see that it stays so. Raises InstanceUnwell."""
        began = time.monotonic()
        while why := self._unwell(there, instance, version):
            if time.monotonic() - began > self.confirm_within.total_seconds():
                raise InstanceUnwell(instance, version, why, self.confirm_within.total_seconds(), untouched)
            time.sleep(LOOK_EVERY)
        run.log.info("%s is well with %s after %.1f s", instance, version, time.monotonic() - began)
        time.sleep(self.settle.total_seconds())
        if why := self._unwell(there, instance, version):
            raise InstanceUnwell(instance, version, why, time.monotonic() - began, untouched)

    def _unwell(self, there: Server, instance: str, version: str) -> str:
        """Return what is wrong with an instance, "" if it is well and has the version."""
        if self._get(there, instance, self.health_path) is None:
            return f"{self.health_path} does not answer well"
        found = self._version(there, instance)
        if _same(found, version):
            return ""
        return f"it reports {found}" if found else "it reports no version"

    def _ways_back(self, there: Server) -> dict[str, dict[str, str]]:
        """Return the version of each instance. Raises VersionBeforeUnknown if one has none."""
        versions = self._versions(there)
        if unknown := [instance for instance, version in versions.items() if not version]:
            raise VersionBeforeUnknown(
                unknown,
                "Nothing was touched. See why `version_path` does not answer there, then clear this task.",
            )
        return {"versions": versions}

    def _versions(self, there: Server) -> dict[str, str]:
        return {instance: self._version(there, instance) for instance in self.instances}

    def _version(self, there: Server, instance: str) -> str:
        """Return the version that an instance reports, "" if it does not."""
        text = (self._get(there, instance, self.version_path) or "").strip()
        try:
            body = json.loads(text)
        except ValueError:
            return text
        return str(body.get("version", "")) if isinstance(body, dict) else text.strip('"')

    def _get(self, there: Server, instance: str, path: str) -> str | None:
        """Return what an instance answers on the server, None unless it is a success."""
        address = quote(self._filled(self.address, instance, "") + path)
        status, text = there.ask(f"curl --fail --silent --max-time 5 {address}", what=f"GET {address}")
        return None if status else text

    def _job_name(self, run: Run, instance: str, verb: str) -> str:
        return job_name(run, self.name, f"{verb}-{instance}")

    @staticmethod
    def _filled(text: str, instance: str, version: str) -> str:
        return text.replace("{instance}", instance).replace("{version}", version)


def _written_as(model: str, version: str) -> str:
    """Write a version with or without the "v", as the model has it: the restart script takes one form."""
    bare = version.removeprefix("v")
    return f"v{bare}" if model.startswith("v") else bare


def _same(found: str, version: str) -> bool:
    return found.removeprefix("v") == version.removeprefix("v")
