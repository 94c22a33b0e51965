"""The cluster's nights: they come every few seconds, and its CronJobs run then, each as a real process."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.sandbox.layout import Place, port, token

if TYPE_CHECKING:
    from slipway.sandbox.vendors.kubernetes import Kubernetes

NIGHT_EVERY = 3.0  # seconds
JOB_TIMEOUT = 30  # seconds
KEPT = 3  # finished jobs


@dataclass(kw_only=True)
class Nights:
    """Runs the CronJobs of one environment. `took` is how many seconds the newest job ran."""

    place: Place
    cluster: Kubernetes
    ended: threading.Event = field(default_factory=threading.Event)
    took: float = 0.0

    def begin(self) -> None:
        """Let nights come until `ended`."""
        threading.Thread(target=self._come, daemon=True, name=f"nights of {self.place.name}").start()

    def _come(self) -> None:
        for number in itertools.count(1):
            if self.ended.wait(NIGHT_EVERY):
                return
            for name in self._due():
                self._run(name, f"{name}-{number}")

    def _due(self) -> list[str]:
        return [
            key[3]
            for key, each in list(self.cluster.objects.items())
            if key[1:3] == ("cronjobs", self.place.environment)
            and not each["spec"].get("suspend")
            and "deletionTimestamp" not in each["metadata"]
        ]

    def _run(self, cron_job: str, name: str) -> None:
        """Run one job to its end. It may be deleted, with its CronJob, while it runs."""
        try:
            job = self.cluster.start_job(self.place.environment, cron_job, name)
        except KeyError:
            return
        began = time.monotonic()
        succeeded = _process(self.place, job["spec"]["template"]["spec"]["containers"][0])
        self.took = time.monotonic() - began
        job["status"] = {"succeeded": 1} if succeeded else {"failed": 1}
        key = ("batch/v1", "jobs", str(self.place.environment))
        mine = [
            each for each in list(self.cluster.objects) if each[:3] == key and each[3].startswith(cron_job)
        ]
        for old in mine[:-KEPT]:
            self.cluster.forget(old)


def _process(place: Place, container: dict[str, Any]) -> bool:
    """Run a container's command in the release that its image is made from."""
    tag = str(container["image"]).rpartition(":")[2]
    release = place.home / "releases" / tag
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "API_URL": f"http://127.0.0.1:{port(place.root, place.name)}",
        "API_TOKEN": token(place.root, place.name),
    }
    command = [str(word) for word in (*container.get("command", ()), *container.get("args", ()))]
    if command[:1] == ["python3"]:
        command[:1] = [sys.executable, "-S", "-E"]
    try:
        done = subprocess.run(
            command, cwd=release, env=settings, timeout=JOB_TIMEOUT, capture_output=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
